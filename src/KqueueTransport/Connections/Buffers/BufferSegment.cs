using System.Buffers;

namespace KqueueTransport.Connections.Buffers;

/// <summary>
/// A block of pooled memory in the sequence of a reader or a writer, or, for a time, memory of the application's.
/// </summary>
internal sealed class BufferSegment : ReadOnlySequenceSegment<byte>
{
    private BlockPool? _pool;
    private object? _stream;

    // What is given back: of the pool, or an array where the pool has none so large; null where it is borrowed.
    private object? _owner;
    private Memory<byte> _block;
    private int _end;

    public BufferSegment? NextSegment => (BufferSegment?)Next;

    /// <summary>The last of the queue whose first this is.</summary>
    public BufferSegment? Last { get; set; }

    /// <summary>How many bytes of the block are done with.</summary>
    public int Start { get; set; }

    /// <summary>How many bytes of the block are filled.</summary>
    public int End
    {
        get => _end;
        set
        {
            _end = value;
            Memory = _block[..value];
        }
    }

    /// <summary>What is not filled yet.</summary>
    public Memory<byte> Free => _block[_end..];

    /// <summary>Whether its bytes are in the application's memory.</summary>
    public bool IsBorrowed => _owner is null;

    /// <summary>
    /// Where a position in this segment stands in a stream. One that was kept from an earlier read, whose segment is in
    /// other hands, is before every other.
    /// </summary>
    public long PositionIn(object stream, int index) => _stream == stream ? RunningIndex + index : long.MinValue;

    /// <summary>
    /// Takes a block of at least <paramref name="sizeHint"/> bytes, from the pool if it has such large ones.
    /// </summary>
    public void Rent(BlockPool pool, object? stream, int sizeHint, long runningIndex)
    {
        _pool = pool;
        _stream = stream;
        RunningIndex = runningIndex;
        Rent(pool, sizeHint);
    }

    /// <summary>Takes bytes of the application's, where they are.</summary>
    public void Borrow(BlockPool pool, ReadOnlyMemory<byte> bytes)
    {
        _pool = pool;
        Memory = bytes;
        Start = 0;
        _end = bytes.Length;
    }

    /// <summary>Gives the application its memory back: what is not done with is in a block then.</summary>
    public void CopyBorrowed()
    {
        var bytes = Memory[Start..];
        Rent(_pool!, bytes.Length);
        bytes.CopyTo(Free);
        End = bytes.Length;
    }

    /// <summary>Sets the successor: the next of the stream, or of those that nobody uses.</summary>
    public void Link(BufferSegment? next) => Next = next;

    /// <summary>Gives the block back, and itself.</summary>
    public void Return()
    {
        var (pool, owner) = (_pool!, _owner);

        // First, so that who looks at it too late finds nothing.
        Memory = default;
        _block = default;
        _owner = null;
        if (owner is byte[] array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
        else if (owner is not null)
        {
            pool.Return((IMemoryOwner<byte>)owner);
        }

        _pool = null;
        _stream = null;
        Next = null;
        Last = null;
        _end = 0;
        pool.Segments.Give(this);
    }

    private void Rent(BlockPool pool, int sizeHint)
    {
        object owner;
        Memory<byte> block;
        if (pool.Has(sizeHint))
        {
            owner = pool.Rent(sizeHint, out block);
        }
        else
        {
            var array = ArrayPool<byte>.Shared.Rent(sizeHint);
            (owner, block) = (array, array);
        }

        // From here on nothing fails: what is borrowed until then stays so otherwise.
        (_owner, _block) = (owner, block);
        Start = 0;
        End = 0;
    }
}
