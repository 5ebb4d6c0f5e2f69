namespace FileSwarm.Server;

/// <summary>The chunks that were used last, as messages ready to be sent. Not for several threads.</summary>
internal sealed class ChunkCache(long bytesMax)
{
    private readonly Dictionary<int, LinkedListNode<(int Index, ReadOnlyMemory<byte> Frame)>> _nodes = [];

    // The one that was used last comes first.
    private readonly LinkedList<(int Index, ReadOnlyMemory<byte> Frame)> _byUse = new();

    public long Bytes { get; private set; }

    public int Count => _nodes.Count;

    /// <summary>Finds a chunk, and so makes it the last one to go.</summary>
    public bool TryGet(int index, out ReadOnlyMemory<byte> frame)
    {
        if (!_nodes.TryGetValue(index, out var node))
        {
            frame = default;
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        frame = node.Value.Frame;
        return true;
    }

    /// <summary>Adds a chunk, and drops those that were not used for longest to make room.</summary>
    public void Add(int index, ReadOnlyMemory<byte> frame)
    {
        if (_nodes.Remove(index, out var present))
        {
            Drop(present);
        }

        if (frame.Length > bytesMax)
        {
            return;
        }

        while (Bytes + frame.Length > bytesMax)
        {
            _nodes.Remove(_byUse.Last!.Value.Index);
            Drop(_byUse.Last);
        }

        _nodes.Add(index, _byUse.AddFirst((index, frame)));
        Bytes += frame.Length;
    }

    private void Drop(LinkedListNode<(int Index, ReadOnlyMemory<byte> Frame)> node)
    {
        Bytes -= node.Value.Frame.Length;
        _byUse.Remove(node);
    }
}
