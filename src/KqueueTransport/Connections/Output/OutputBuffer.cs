using KqueueTransport.Connections.Buffers;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// What the application has written and the kernel has not taken: pooled segments, behind them at most one piece of the
/// application's own memory, and the sends that empty them without a copy. Used under the writer's lock, except where
/// it says otherwise.
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
    private ReadOnlyMemory<byte> _borrowed;

    // The writing application's own: it alone changes them, and reads them without the lock. What it writes to is not
    // given back while _isWriting is set: it holds memory of the tail, or has advanced and not flushed.
    private bool _isWriting;
    private Memory<byte> _tailMemory;
    private int _tailWritten;

    /// <summary>How many bytes are committed and not sent.</summary>
    public long Unsent { get; private set; }

    /// <summary>How many bytes are advanced over and not committed. Without the lock.</summary>
    public long Uncommitted { get; private set; }

    /// <summary>What is left of the memory that the application has, if that is enough. Without the lock.</summary>
    public readonly bool TryGetMemory(int sizeHint, out Memory<byte> memory)
    {
        // While nobody is writing, the loop may give the tail back at this moment.
        memory = _isWriting ? _tailMemory[_tailWritten..] : default;
        return memory.Length >= Math.Max(sizeHint, 1);
    }

    /// <summary>Without the lock.</summary>
    /// <exception cref="ArgumentOutOfRangeException">That is more than the application was given.</exception>
    public void Advance(int bytes)
    {
        var room = _isWriting ? _tailMemory.Length - _tailWritten : 0;
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
        CopyBorrowed(pool);
        _isWriting = true;
        KeepWritten();
        if (_tailMemory.Length < Math.Max(sizeHint, 1))
        {
            // Memory of a tail with too little room left was never handed out twice: what lies behind its end stays
            // unused.
            AppendTail(pool, sizeHint);
        }

        return _tailMemory;
    }

    /// <summary>Makes what the application advanced over sendable.</summary>
    public void Commit()
    {
        KeepWritten();
        Unsent += Uncommitted;
        Uncommitted = 0;
        _isWriting = false;
        ReleaseIfEmpty();
    }

    /// <summary>Makes memory sendable that stays the application's, until nothing of it is here any more.</summary>
    public void Borrow(ReadOnlyMemory<byte> memory)
    {
        _borrowed = memory;
        Unsent += memory.Length;
    }

    /// <summary>Gives the application its memory back, also while a part of it is being sent.</summary>
    public void CopyBorrowed(BlockPool pool)
    {
        while (!_borrowed.IsEmpty)
        {
            if (_tailMemory.IsEmpty)
            {
                AppendTail(pool, sizeHint: 1);
            }

            var length = Math.Min(_borrowed.Length, _tailMemory.Length);
            _borrowed[..length].CopyTo(_tailMemory);
            _borrowed = _borrowed[length..];
            _tailWritten = length;
            KeepWritten();
        }
    }

    /// <summary>Drops what is committed.</summary>
    public void DropUnsent()
    {
        Unsent = 0;
        _borrowed = default;
        ReleaseIfEmpty();
    }

    private void AppendTail(BlockPool pool, int sizeHint)
    {
        var size = (int)Math.Min(Unsent + Uncommitted, BlockBytesMax);
        _tailMemory = _segments.Append(pool, stream: null, Math.Max(sizeHint, size), runningIndex: 0).Free;
    }

    /// <summary>Makes what the application advanced over a part of the tail, sendable once it is committed.</summary>
    private void KeepWritten()
    {
        if (_tailWritten > 0)
        {
            _segments.Tail!.End += _tailWritten;
            _tailMemory = _tailMemory[_tailWritten..];
            _tailWritten = 0;
        }
    }

    private bool ReleaseIfEmpty()
    {
        if (InSegments > 0 || _isWriting)
        {
            return false;
        }

        _segments.Clear();
        _tailMemory = default;
        return true;
    }
}
