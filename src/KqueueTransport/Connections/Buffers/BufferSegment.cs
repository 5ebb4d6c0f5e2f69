using System.Buffers;

namespace KqueueTransport.Connections.Buffers;

/// <summary>A block of pooled memory in the sequence of a reader or a writer.</summary>
internal sealed class BufferSegment : ReadOnlySequenceSegment<byte>
{
    private IMemoryOwner<byte>? _owner;
    private byte[]? _array;
    private Memory<byte> _block;
    private int _end;

    public BufferSegment? NextSegment => (BufferSegment?)Next;

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

    /// <summary>
    /// Takes a block of at least <paramref name="sizeHint"/> bytes, from the pool if it has such large ones.
    /// </summary>
    public void Rent(MemoryPool<byte> pool, int sizeHint, long runningIndex)
    {
        if (sizeHint <= pool.MaxBufferSize)
        {
            _owner = pool.Rent(sizeHint);
            _block = _owner.Memory;
        }
        else
        {
            _array = ArrayPool<byte>.Shared.Rent(sizeHint);
            _block = _array;
        }

        RunningIndex = runningIndex;
        End = 0;
    }

    /// <summary>Sets the successor: the next of the stream, or the next spare.</summary>
    public void Link(BufferSegment? next) => Next = next;

    /// <summary>Gives the block back and forgets the successor.</summary>
    public void Return()
    {
        _owner?.Dispose();
        _owner = null;
        if (_array is not null)
        {
            ArrayPool<byte>.Shared.Return(_array);
            _array = null;
        }

        _block = default;
        Memory = default;
        Next = null;
        _end = 0;
    }
}
