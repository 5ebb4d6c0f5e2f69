using System.Security.Cryptography;
using FileSwarm.Plan;
using FileSwarm.Server;
using FileSwarm.Wire;

namespace Samples.Tests.Swarm;

/// <summary>A file in memory.</summary>
internal sealed class MemorySource : IChunkSource
{
    private readonly ChunkPlan _plan;

    public MemorySource(int length, int chunkBytes, int clientCount)
    {
        Bytes = new byte[length];
        new Random(length).NextBytes(Bytes);
        _plan = new ChunkPlan(length, chunkBytes);
        Info = new SwarmInfo(length, chunkBytes, clientCount, SHA256.HashData(Bytes));
    }

    public byte[] Bytes { get; }

    public SwarmInfo Info { get; }

    public int ChunkCount => _plan.Count;

    public ReadOnlyMemory<byte> ReadFrame(int index) =>
        MessageCodec.Frame(new MessageHeader(MessageKind.Chunk, index), ChunkOf(index));

    public bool IsChunk(int index, ReadOnlySpan<byte> bytes) => bytes.SequenceEqual(ChunkOf(index));

    private ReadOnlySpan<byte> ChunkOf(int index) =>
        Bytes.AsSpan((int)_plan.OffsetOf(index), _plan.LengthOf(index));
}
