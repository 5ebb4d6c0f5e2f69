namespace KqueueTransport.Connections.Buffers;

/// <summary>
/// The segments of a reader or a writer, oldest first, and a few spare objects for the next ones. Used under its
/// owner's lock.
/// </summary>
internal struct SegmentQueue
{
    // Enough for a burst; an idle connection keeps what its last burst needed, at 72 bytes each.
    private const int SparesMax = 16;

    private BufferSegment? _spares;
    private int _spareCount;

    public BufferSegment? Head { get; private set; }

    public BufferSegment? Tail { get; private set; }

    /// <summary>Where the head begins: how many of its bytes are done with. 0 for every new head.</summary>
    public int HeadIndex { get; set; }

    /// <summary>Appends an empty segment.</summary>
    /// <param name="pool">Where its block comes from.</param>
    /// <param name="sizeHint">How many bytes it has at least; 0 takes the usual size.</param>
    /// <param name="runningIndex">Where its first byte stands in the whole stream.</param>
    public BufferSegment Append(BlockPool pool, int sizeHint, long runningIndex)
    {
        var segment = TakeSpare() ?? new BufferSegment();
        segment.Rent(pool, sizeHint, runningIndex);
        if (Tail is null)
        {
            Head = segment;
        }
        else
        {
            Tail.Link(segment);
        }

        Tail = segment;
        return segment;
    }

    public void RemoveHead()
    {
        var head = Head!;
        Head = head.NextSegment;
        HeadIndex = 0;
        if (Head is null)
        {
            Tail = null;
        }

        Recycle(head);
    }

    /// <summary>Removes every segment behind <paramref name="last"/>.</summary>
    public void RemoveAfter(BufferSegment last)
    {
        var segment = last.NextSegment;
        last.Link(null);
        Tail = last;
        while (segment is not null)
        {
            var next = segment.NextSegment;
            Recycle(segment);
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

    private BufferSegment? TakeSpare()
    {
        var spare = _spares;
        if (spare is not null)
        {
            _spares = spare.NextSegment;
            spare.Link(null);
            _spareCount--;
        }

        return spare;
    }

    private void Recycle(BufferSegment segment)
    {
        segment.Return();
        if (_spareCount < SparesMax)
        {
            segment.Link(_spares);
            _spares = segment;
            _spareCount++;
        }
    }
}
