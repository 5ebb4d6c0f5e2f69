using FileSwarm.Client;

namespace Samples.Tests.Swarm;

/// <summary>A copy in memory.</summary>
internal sealed class MemoryStore(int length) : IChunkStore
{
    public byte[] Bytes { get; } = new byte[length];

    /// <summary>Whether what is read is not what was written.</summary>
    public bool IsDamaged { get; set; }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(Bytes.AsSpan((int)offset));

    public void Read(long offset, Span<byte> bytes)
    {
        Bytes.AsSpan((int)offset, bytes.Length).CopyTo(bytes);
        bytes[0] ^= IsDamaged ? (byte)1 : (byte)0;
    }

    public void Dispose()
    {
    }
}
