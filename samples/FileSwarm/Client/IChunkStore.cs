namespace FileSwarm.Client;

/// <summary>Where a client puts its chunks.</summary>
internal interface IChunkStore : IDisposable
{
    void Write(long offset, ReadOnlySpan<byte> bytes);

    void Read(long offset, Span<byte> bytes);
}
