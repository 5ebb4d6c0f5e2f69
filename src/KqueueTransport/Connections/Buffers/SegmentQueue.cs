namespace KqueueTransport.Connections.Buffers;

/// <summary>
/// The segments of a reader or a writer, oldest first. Used under its owner's lock. The first knows the last, so that
/// a connection has one field for it while nothing is here.
/// </summary>
internal struct SegmentQueue
{
    public BufferSegment? Head { get; private set; }

    public readonly BufferSegment? Tail => Head?.Last;

    /// <summary>Appends an empty segment.</summary>
    /// <param name="pool">Where its block comes from.</param>
    /// <param name="stream">Whose positions count; null where nobody asks for positions.</param>
    /// <param name="sizeHint">How many bytes it has at least; 0 takes the usual size.</param>
    /// <param name="runningIndex">Where its first byte stands in the whole stream.</param>
    public BufferSegment Append(BlockPool pool, object? stream, int sizeHint, long runningIndex)
    {
        var segment = pool.Segments.Take();
        segment.Rent(pool, stream, sizeHint, runningIndex);
        Append(segment);
        return segment;
    }

    /// <summary>Appends bytes of the application's.</summary>
    public void Borrow(BlockPool pool, ReadOnlyMemory<byte> bytes)
    {
        var segment = pool.Segments.Take();
        segment.Borrow(pool, bytes);
        Append(segment);
    }

    public void RemoveHead()
    {
        var head = Head!;
        Head = head.NextSegment;
        Head?.Last = head.Last;
        head.Return();
    }

    /// <summary>Removes every segment behind <paramref name="last"/>.</summary>
    public void RemoveAfter(BufferSegment last)
    {
        var segment = last.NextSegment;
        last.Link(null);
        Head!.Last = last;
        while (segment is not null)
        {
            var next = segment.NextSegment;
            segment.Return();
            segment = next;
        }
    }

    public void Clear()
    {
        while (Head is not null)
        {
            RemoveHead();
        }
    }

    private void Append(BufferSegment segment)
    {
        Tail?.Link(segment);
        Head ??= segment;
        Head.Last = segment;
    }
}
