using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FileSwarm.Wire;

/// <summary>What a client is told when it joins: the payload of a Welcome.</summary>
/// <param name="FileLength">In bytes; not 0.</param>
/// <param name="ChunkBytes">The length of every chunk but the last.</param>
/// <param name="ClientCount">How many clients share the file.</param>
/// <param name="Sha256">The hash of the whole file.</param>
internal sealed record SwarmInfo(long FileLength, int ChunkBytes, int ClientCount, ReadOnlyMemory<byte> Sha256)
{
    public const int Bytes = 16 + SHA256.HashSizeInBytes;

    public byte[] Encode()
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, FileLength);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), ChunkBytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(12), ClientCount);
        Sha256.Span.CopyTo(bytes.AsSpan(16));
        return bytes;
    }

    /// <summary>Null where the bytes are none, or describe a file that cannot be.</summary>
    public static SwarmInfo? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes)
        {
            return null;
        }

        var fileLength = BinaryPrimitives.ReadInt64BigEndian(bytes);
        var chunkBytes = BinaryPrimitives.ReadInt32BigEndian(bytes[8..]);
        var clientCount = BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
        return fileLength > 0 && chunkBytes is > 0 and <= SwarmLimits.ChunkBytesMax && clientCount > 0 &&
            (fileLength - 1) / chunkBytes < int.MaxValue
                ? new SwarmInfo(fileLength, chunkBytes, clientCount, bytes[16..].ToArray())
                : null;
    }
}
