using System.Security.Cryptography;
using FileSwarm.Plan;
using FileSwarm.Wire;
using Microsoft.Win32.SafeHandles;

namespace FileSwarm.Server;

/// <summary>
/// The file on the server's disk. It is read as a whole once, for the hashes, and chunk by chunk while the shares go
/// out; after that only for chunks that no client has, because one has left.
/// </summary>
internal sealed class SourceFile : IChunkSource, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly ChunkPlan _plan;
    private readonly byte[] _chunkHashes;

    private SourceFile(SafeFileHandle file, int chunkBytes, int clientCount)
    {
        _file = file;
        _plan = new ChunkPlan(RandomAccess.GetLength(file), chunkBytes);
        _chunkHashes = new byte[(long)_plan.Count * SHA256.HashSizeInBytes];
        Info = new SwarmInfo(_plan.FileLength, chunkBytes, clientCount, HashAll());
    }

    public SwarmInfo Info { get; }

    /// <summary>Opens and hashes a file.</summary>
    /// <exception cref="IOException">It is missing, empty or too long for its chunks.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SourceFile Open(string path, int chunkBytes, int clientCount)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"the file '{path}' does not exist.");
        }

        var file = File.OpenHandle(path);
        try
        {
            Check(path, RandomAccess.GetLength(file), chunkBytes);
            return new SourceFile(file, chunkBytes, clientCount);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public ReadOnlyMemory<byte> ReadFrame(int index)
    {
        var length = _plan.LengthOf(index);
        var frame = GC.AllocateUninitializedArray<byte>(MessageCodec.HeaderBytes + length);
        MessageCodec.WriteHeader(frame, new MessageHeader(MessageKind.Chunk, index, PayloadLength: length));
        Read(index, frame.AsSpan(MessageCodec.HeaderBytes));
        return frame;
    }

    public bool IsChunk(int index, ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return hash.SequenceEqual(HashOf(index));
    }

    public void Dispose() => _file.Dispose();

    private static void Check(string path, long length, int chunkBytes)
    {
        if (length == 0)
        {
            throw new IOException($"the file '{path}' is empty: there is nothing to spread.");
        }

        // An array of all the hashes has to be possible.
        if (length / chunkBytes > int.MaxValue / SHA256.HashSizeInBytes / 2)
        {
            throw new IOException($"the file '{path}' has too many chunks; write a larger --chunk.");
        }
    }

    private byte[] HashAll()
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[_plan.LengthOf(0)];
        for (var index = 0; index < _plan.Count; index++)
        {
            var chunk = buffer.AsSpan(0, _plan.LengthOf(index));
            Read(index, chunk);
            whole.AppendData(chunk);
            SHA256.HashData(chunk, HashOf(index));
        }

        return whole.GetHashAndReset();
    }

    private Span<byte> HashOf(int index) =>
        _chunkHashes.AsSpan(index * SHA256.HashSizeInBytes, SHA256.HashSizeInBytes);

    private void Read(int index, Span<byte> chunk)
    {
        for (var done = 0; done < chunk.Length;)
        {
            var count = RandomAccess.Read(_file, chunk[done..], _plan.OffsetOf(index) + done);
            done += count > 0 ? count : throw new IOException("the file has become shorter while it was spread.");
        }
    }
}
