using FileSwarm.Wire;

namespace FileSwarm.Server;

/// <summary>The file that is spread.</summary>
internal interface IChunkSource
{
    /// <summary>What every client is told.</summary>
    SwarmInfo Info { get; }

    /// <summary>Reads a chunk as a message that can be sent.</summary>
    ReadOnlyMemory<byte> ReadFrame(int index);

    /// <summary>Whether bytes that came from a client are those of the chunk.</summary>
    bool IsChunk(int index, ReadOnlySpan<byte> bytes);
}
