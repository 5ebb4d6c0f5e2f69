namespace FileSwarm.Plan;

/// <summary>How a file is split into chunks, and which client gets which of them first. Pure.</summary>
internal sealed class ChunkPlan(long fileLength, int chunkBytes)
{
    public long FileLength { get; } = fileLength;

    public int Count { get; } = checked((int)((fileLength + chunkBytes - 1) / chunkBytes));

    public bool Contains(int index) => (uint)index < (uint)Count;

    public long OffsetOf(int index) => (long)index * chunkBytes;

    public int LengthOf(int index) => (int)Math.Min(chunkBytes, FileLength - OffsetOf(index));

    /// <summary>The chunks that a client is given first: every n-th, so that shares differ by one at most.</summary>
    public IEnumerable<int> ShareOf(int client, int clientCount)
    {
        for (long index = client; index < Count; index += clientCount)
        {
            yield return (int)index;
        }
    }

    /// <summary>The other chunks, in the same order for all, so that what is relayed once serves many.</summary>
    public IEnumerable<int> RestOf(int client, int clientCount) =>
        Enumerable.Range(0, Count).Where(index => index % clientCount != client);
}
