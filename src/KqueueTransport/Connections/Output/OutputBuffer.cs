using Kqueue;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// What the application has written and the kernel has not taken: pooled segments, behind them at most one piece of the
/// application's own memory, and the sends that empty them without a copy. Used under the writer's lock, except where
/// it says otherwise.
/// </summary>
internal struct OutputBuffer
{
    /// <summary>
    /// Blocks grow with what is here up to this size, so that a megabyte is 64 of them and not 256: each costs a third
    /// of a microsecond, which is as much as to fill 4 KiB. Larger ones would keep more than the write limit, as a
    /// block goes back when all of it is sent, and are slower again: what is sent should still be in the cache.
    /// </summary>
    public const int BlockBytesMax = 16 * 1024;

    // What one send takes of the application's memory: as much as of blocks. The kernel would go on while the peer
    // reads, and the loop has others to serve.
    private const int BorrowedBytesPerSend = PinnedBlocks.CountMax * BlockBytesMax;

    private SegmentQueue _segments;
    private ReadOnlyMemory<byte> _borrowed;

    // The writing application's own: it alone changes them, and reads them without the lock. What it writes to is not
    // given back while _isWriting is set: it holds memory of the tail, or has advanced and not flushed.
    private bool _isWriting;
    private Memory<byte> _tailMemory;
    private int _tailWritten;

    /// <summary>How many bytes are committed and not sent.</summary>
    public long Unsent { get; private set; }

    /// <summary>Whether some of these are in memory that is the application's.</summary>
    public readonly bool HasBorrowed => !_borrowed.IsEmpty;

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

    /// <summary>
    /// Sends once, from one piece of memory or from many, and removes what the kernel took. Nobody else may send or
    /// drop meanwhile, but the application goes on writing.
    /// </summary>
    /// <param name="calls">The kernel.</param>
    /// <param name="descriptor">The connection.</param>
    /// <param name="gate">The lock, which is left for the call.</param>
    /// <param name="isShort">The kernel took less than it was given: the socket is full.</param>
    public KernelResult Send(SocketCalls calls, int descriptor, Lock gate, out bool isShort)
    {
        var first = FirstUnsent();
        int offered;
        KernelResult result;
        if (first.Length == Unsent || InSegments == 0)
        {
            offered = first.Length;
            gate.Exit();
            try
            {
                result = calls.Send(descriptor, first.Span);
            }
            finally
            {
                gate.Enter();
            }
        }
        else
        {
            result = GatherSend(calls, descriptor, first, gate, out offered);
        }

        isShort = result.IsError || result.Value < offered;
        if (!result.IsError)
        {
            RemoveSent(result.Value);
        }

        return result;
    }

    private readonly long InSegments => Unsent - _borrowed.Length;

    private readonly ReadOnlyMemory<byte> FirstBorrowed => AtMost(_borrowed, BorrowedBytesPerSend);

    private ReadOnlyMemory<byte> FirstUnsent()
    {
        if (InSegments == 0)
        {
            return FirstBorrowed;
        }

        var head = _segments.Head!;
        while (head.End == _segments.HeadIndex)
        {
            _segments.RemoveHead();
            head = _segments.Head!;
        }

        return AtMost(head.Memory[_segments.HeadIndex..], InSegments);
    }

    private readonly KernelResult GatherSend(
        SocketCalls calls, int descriptor, ReadOnlyMemory<byte> first, Lock gate, out int offered)
    {
        using var pinned = new PinnedBlocks();
        offered = 0;
        var segment = _segments.Head!;
        var part = first;
        while (true)
        {
            pinned.Add(part);
            offered += part.Length;
            if (offered == Unsent || pinned.Count == PinnedBlocks.CountMax)
            {
                break;
            }

            if (offered == InSegments)
            {
                pinned.Add(FirstBorrowed);
                offered += FirstBorrowed.Length;
                break;
            }

            segment = segment.NextSegment!;
            part = AtMost(segment.Memory, InSegments - offered);
        }

        gate.Exit();
        try
        {
            return calls.Send(descriptor, pinned.Vectors);
        }
        finally
        {
            gate.Enter();
        }
    }

    private static ReadOnlyMemory<byte> AtMost(ReadOnlyMemory<byte> memory, long length) =>
        memory.Length > length ? memory[..(int)length] : memory;

    private void RemoveSent(int sent)
    {
        var borrowed = (int)Math.Max(sent - InSegments, 0);
        Unsent -= sent;
        _borrowed = _borrowed[borrowed..];
        sent -= borrowed;
        if (ReleaseIfEmpty())
        {
            return;
        }

        while (sent > 0)
        {
            var head = _segments.Head!;
            var left = head.End - _segments.HeadIndex;
            if (sent < left || head == _segments.Tail)
            {
                _segments.HeadIndex += sent;
                return;
            }

            sent -= left;
            _segments.RemoveHead();
        }
    }

    private void AppendTail(BlockPool pool, int sizeHint)
    {
        var size = (int)Math.Min(Unsent + Uncommitted, BlockBytesMax);
        _tailMemory = _segments.Append(pool, Math.Max(sizeHint, size), runningIndex: 0).Free;
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
