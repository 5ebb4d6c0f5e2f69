using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace FileSwarm.Client;

/// <summary>
/// A client's copy: a file that has its full length from the start, so that chunks can come in any order.
/// </summary>
internal sealed class FileStore : IChunkStore
{
    private const int HashBufferBytes = 1024 * 1024;

    private readonly SafeFileHandle _file;

    private FileStore(SafeFileHandle file) => _file = file;

    /// <summary>Makes the file.</summary>
    /// <param name="path">Overwritten if it exists.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="keep">Whether it stays when the store is disposed.</param>
    /// <exception cref="IOException">The disk is full, for one.</exception>
    public static FileStore Create(string path, long length, bool keep) => new(File.OpenHandle(
        path,
        FileMode.Create,
        FileAccess.ReadWrite,
        FileShare.Read,
        keep ? FileOptions.None : FileOptions.DeleteOnClose,
        preallocationSize: length));

    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_file, bytes, offset);

    public void Read(long offset, Span<byte> bytes)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var count = RandomAccess.Read(_file, bytes[done..], offset + done);
            done += count > 0 ? count : throw new IOException("a copy has become shorter while it was made.");
        }
    }

    /// <summary>The SHA-256 of the whole file, read from the disk. Takes a while: not for the loop.</summary>
    public byte[] Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[HashBufferBytes];
        var offset = 0L;
        while (RandomAccess.Read(_file, buffer, offset) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            offset += count;
        }

        return hash.GetHashAndReset();
    }

    public void Dispose() => _file.Dispose();
}
