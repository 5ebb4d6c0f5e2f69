using KqueueTransport.Connections.Buffers;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// What the application has written and the kernel has not taken: pooled segments, of which the last may be a piece of
/// the application's own memory, and the sends that empty them without a copy. Used under the writer's lock, except
/// where it says otherwise.
/// </summary>
internal partial struct OutputBuffer
{
    /// <summary>
    /// Blocks grow with what is here up to this size, so that a megabyte is 64 of them and not 256: each costs a third
    /// of a microsecond, which is as much as to fill 4 KiB. Larger ones would keep more than the write limit, as a
    /// block goes back when all of it is sent, and are slower again: what is sent should still be in the cache.
    /// </summary>
    public const int BlockBytesMax = 16 * 1024;

    private SegmentQueue _segments;

    // The writing application's own: it alone changes them, and reads them without the lock. The tail is not given back
    // while it is set here: the application holds memory of it, or has advanced and not flushed.
    private BufferSegment? _writing;
    private int _tailWritten;

    /// <summary>How many bytes are committed and not sent.</summary>
    public long Unsent { get; private set; }

    /// <summary>How many bytes were sent since the loop last served others, which its owner notes.</summary>
    public int SentInARow { get; set; }

    /// <summary>How many bytes are advanced over and not committed. Without the lock.</summary>
    public long Uncommitted { get; private set; }

    /// <summary>What is left of the memory that the application has, if that is enough. Without the lock.</summary>
    public readonly bool TryGetMemory(int sizeHint, out Memory<byte> memory)
    {
        // While nobody is writing, the loop may give the tail back at this moment.
        memory = _writing is { } tail ? tail.Free[_tailWritten..] : default;
        return memory.Length >= Math.Max(sizeHint, 1);
    }

    /// <summary>Without the lock.</summary>
    /// <exception cref="ArgumentOutOfRangeException">That is more than the application was given.</exception>
    public void Advance(int bytes)
    {
        var room = _writing is { } tail ? tail.Free.Length - _tailWritten : 0;
        if ((uint)bytes > (uint)room)
        {
            PipeErrors.ThrowAdvanceTooFar(bytes);
        }

        _tailWritten += bytes;
        Uncommitted += bytes;
    }

    /// <summary>Gives the application memory to write to.</summary>
    public Memory<byte> Allocate(BlockPool pool, int sizeHint)
    {
        CopyBorrowed();
        KeepWritten();
        _writing = TailWithRoom(pool, Math.Max(sizeHint, 1), wanted: 0);
        return _writing.Free;
    }

    /// <summary>Makes what the application advanced over sendable.</summary>
    public void Commit()
    {
        KeepWritten();

        // A disposal while the application writes takes the tail: what it advances over after that is nowhere.
        Unsent += _writing is null ? 0 : Uncommitted;
        Uncommitted = 0;
        _writing = null;
        ReleaseIfEmpty();
    }

    /// <summary>Makes a copy of bytes sendable, and notes how far it has come.</summary>
    public void Copy(BlockPool pool, ref ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var tail = TailWithRoom(pool, bytes: 1, bytes.Length);
            var length = Math.Min(bytes.Length, tail.Free.Length);
            bytes[..length].CopyTo(tail.Free);
            bytes = bytes[length..];
            tail.End += length;
            Unsent += length;
        }
    }

    /// <summary>Makes bytes sendable that stay the application's, until nothing of them is here any more.</summary>
    public void Borrow(BlockPool pool, ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _segments.Borrow(pool, bytes);
            Unsent += bytes.Length;
        }
    }

    /// <summary>Gives the application its memory back, also while a part of it is being sent.</summary>
    public readonly void CopyBorrowed()
    {
        if (_segments.Tail is { IsBorrowed: true } tail)
        {
            tail.CopyBorrowed();
        }
    }

    /// <summary>Drops what is committed.</summary>
    public void DropUnsent()
    {
        Unsent = 0;
        ReleaseIfEmpty();
    }

    // What is left behind the end of a tail with too little room stays unused.
    private BufferSegment TailWithRoom(BlockPool pool, int bytes, int wanted)
    {
        if (_segments.Tail is { IsBorrowed: false } tail && tail.Free.Length >= bytes)
        {
            return tail;
        }

        var size = (int)Math.Min(Unsent + Uncommitted + wanted, BlockBytesMax);
        return _segments.Append(pool, stream: null, Math.Max(bytes, size), runningIndex: 0);
    }

    /// <summary>Makes what the application advanced over a part of the tail, sendable once it is committed.</summary>
    private void KeepWritten()
    {
        _writing?.End += _tailWritten;
        _tailWritten = 0;
    }

    private bool ReleaseIfEmpty()
    {
        if (Unsent > 0 || _writing is not null)
        {
            return false;
        }

        _segments.Clear();
        return true;
    }
}
