using Kqueue;
using KqueueTransport.Connections.Placement;

namespace KqueueTransport.Connections.Input;

// What the kernel's events lead to. Runs on the loop, but for receives that a read makes by itself.
internal sealed partial class ConnectionReader
{
    // What one connection may receive in a row before its loop serves the others.
    private const int ReceiveInARowBytesMax = 256 * 1024;

    // Whether the others of the loop come before the next receive.
    private bool MustGiveWay => _received is { ReceivedInARow: >= ReceiveInARowBytesMax };

    /// <summary>The kernel has something for this connection. On the loop.</summary>
    public void OnReadable(in KEvent kevent)
    {
        var marks = LoopMarks.Readable;
        if ((kevent.Flags & KEventFlags.Eof) != 0)
        {
            marks |= LoopMarks.Eof | LoopMarks.MoreAnnounced;
        }

        if ((kevent.Flags & KEventFlags.OutOfBand) != 0)
        {
            marks |= LoopMarks.MoreAnnounced;
        }

        Serve(marks, kevent.Data);
    }

    /// <summary>
    /// Does what an event, or work that was left to the loop, asks for; or leaves that to whoever has the lock, which
    /// may be a thread that the kernel has set aside inside a receive: the loop has others to serve.
    /// </summary>
    private void Serve(LoopMarks marks, long announcedBytes = 0)
    {
        // Whoever takes the marks does not know how much was announced: as if it were more than one receive brings.
        if (!_lock.TryEnter(Gate, announcedBytes > 0 ? marks | LoopMarks.MoreAnnounced : marks))
        {
            return;
        }

        var mustResume = false;
        var reports = ReaderFlags.None;
        var isAfterEnd = false;
        Exception? reset = null;
        using (new Held(this))
        {
            marks |= _lock.Take();
            isAfterEnd = (marks & LoopMarks.Readable) != 0 && Has(ReaderFlags.Ended);
            if (isAfterEnd)
            {
                Set(ReaderFlags.Readable);
                reset = (marks & LoopMarks.Eof) != 0 ? FindReset() : null;
            }
            else
            {
                mustResume = ServeLocked(marks, announcedBytes);
                reports = TakeReports();
            }
        }

        if (isAfterEnd)
        {
            _connection.OnReadableAfterEnd(reset);
        }
        else
        {
            FinishOnLoop(mustResume, reports);
        }
    }

    /// <summary>True when the pending read can be resumed.</summary>
    private bool ServeLocked(LoopMarks marks, long announcedBytes)
    {
        var isEof = (marks & LoopMarks.Eof) != 0;
        var mayPause = isEof;
        _received?.ReceivedInARow = 0;
        if ((marks & LoopMarks.Readable) != 0)
        {
            mayPause |= Has(ReaderFlags.Readable);
            Set(ReaderFlags.Readable);
            if ((marks & LoopMarks.MoreAnnounced) != 0)
            {
                Set(ReaderFlags.MoreAnnounced);
            }

            if (announcedBytes > 0)
            {
                Received.Announced = Math.Max(Received.Announced, announcedBytes);
            }

            if (isEof && (!_read.IsPending || Has(ReaderFlags.Completed)))
            {
                ReadAhead();
            }
        }

        if ((marks & LoopMarks.CancelDue) != 0)
        {
            EndCancelPutOff();
        }

        var mustResume = TryReceiveForPendingRead();
        if (!mustResume && mayPause)
        {
            PauseIfUnread();
        }

        return mustResume;
    }

    /// <summary>
    /// Where the output goes on without the input, and no receive tells: whether it was a reset that ended it.
    /// </summary>
    private Exception? FindReset()
    {
        if (!_connection.EndPointContext.HalfClose || _connection.HasShutDown)
        {
            return null;
        }

        var error = _connection.LoopContext.Calls.FinishConnect(_connection.Descriptor).Error;
        return error == Errno.None ? null : SocketErrors.ToException(error);
    }

    /// <summary>A receive that was left to the loop, or marks.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            Serve(LoopMarks.Receive);
        }
        catch (Exception exception)
        {
            _connection.Fault(exception);
        }
    }

    /// <summary>Receives for a pending read; true when it can be resumed.</summary>
    private bool TryReceiveForPendingRead()
    {
        if (!_read.IsPending)
        {
            return false;
        }

        const ReaderFlags Relevant = ReaderFlags.Readable | ReaderFlags.Completed | ReaderFlags.Ended;
        var mayReceive = (_flags & Relevant) == ReaderFlags.Readable;
        if (mayReceive && !IsResultReady)
        {
            ReceiveMinimum();
        }

        if (IsResultReady)
        {
            // An error goes to the connection first, which then ends the read.
            return !HasUnreportedError && _read.TryEnd();
        }

        if (Has(ReaderFlags.Readable) && !Has(ReaderFlags.Completed))
        {
            // The read wants more than one connection may receive in a row.
            ReceiveOnLoop();
        }

        return false;
    }

    /// <summary>
    /// Leaves the pending read to the loop. After so much in a row it comes behind the others: arming again makes an
    /// event of what is there, and the kernel reports those of the others first. Posted work would come before them.
    /// </summary>
    private void ReceiveOnLoop()
    {
        // It fails where the loop has ended: then work runs on the thread pool.
        if (!MustGiveWay || _connection.Arm(KEventFilter.Read, KEventFlags.Clear).IsError)
        {
            _connection.Loop.Post(this);
        }
    }

    /// <summary>Receives what a read wants; less when the kernel has less, or after too much in a row.</summary>
    private void ReceiveMinimum()
    {
        do
        {
            Receive();
        }
        while (!IsResultReady && Has(ReaderFlags.Readable) && !MustGiveWay);
    }

    /// <summary>
    /// Receives until would-block, the end or the limit, although nobody reads: the peer has ended the connection, and
    /// the application shall hear of that even while it does something else.
    /// </summary>
    private void ReadAhead()
    {
        if (Has(ReaderFlags.Completed))
        {
            // What is there stays there: nobody wants it.
            Set(ReaderFlags.Ended | ReaderFlags.EndUnreported);
            _error = FindReset();
            return;
        }

        var limit = _connection.EndPointContext.MaxReadBufferBytes;
        while (Has(ReaderFlags.Readable) && !Has(ReaderFlags.Ended) && Received.Length < limit)
        {
            Receive();
        }
    }

    private void Receive()
    {
        if (Has(ReaderFlags.Paused))
        {
            Clear(ReaderFlags.Paused);
            Set(ReaderFlags.ResumeUnreported);
        }

        var loop = _connection.LoopContext;
        KernelResult result;
        bool isShort;
        try
        {
            result = Received.Receive(loop.Calls, _connection.Descriptor, loop.Blocks, out isShort);
        }
        catch (Exception exception)
        {
            // The pool has no block, which may be one of the application's own, or the process no memory: that ends
            // this connection. On the thread of a loop it would end the process.
            EndWith(exception);
            return;
        }

        if (result.IsWouldBlock)
        {
            Clear(ReaderFlags.Readable | ReaderFlags.MoreAnnounced);
            return;
        }

        if (result.IsError || result.Value == 0)
        {
            // A reset is told once, to whichever call comes first (Linux include/net/sock.h, sock_error): behind a send
            // that was told, a receive finds what looks like the peer's end. Beside one, it is asked for again.
            Exception? error = null;
            if (result.IsError)
            {
                error = SocketErrors.ToException(result.Error);
            }
            else if (!_connection.TryGetSendError(out error) &&
                !_connection.Arm(KEventFilter.Read, KEventFlags.Clear).IsError)
            {
                Clear(ReaderFlags.Readable | ReaderFlags.MoreAnnounced);
                return;
            }

            EndWith(error);
            return;
        }

        // A short receive has drained the socket; what comes after it makes a new edge. Only what was announced does
        // not: data and EOF may have come in one event, and a receive stops at the mark of urgent data (Linux
        // net/ipv4/tcp.c, tcp_recvmsg_locked), of which FreeBSD and NetBSD say nothing but the count of all bytes
        // (uipc_socket.c, filt_soread).
        loop.Statistics.CountReceived(result.Value);
        if (isShort && Received.Announced == 0 && !Has(ReaderFlags.MoreAnnounced))
        {
            Clear(ReaderFlags.Readable);
        }
    }

    /// <summary>Notes that the peer sends more than the application reads: the kernel holds it back.</summary>
    private void PauseIfUnread()
    {
        var state = _flags & (ReaderFlags.Readable | ReaderFlags.Ended | ReaderFlags.Completed | ReaderFlags.Paused);
        if (state == ReaderFlags.Readable && !_read.IsPending)
        {
            Set(ReaderFlags.Paused | ReaderFlags.PauseUnreported);
        }
    }

    /// <summary>The input has ended, with the peer's FIN or with an error.</summary>
    private void EndWith(Exception? error)
    {
        Clear(ReaderFlags.Readable | ReaderFlags.MoreAnnounced);
        Set(ReaderFlags.Ended | ReaderFlags.EndUnreported);
        if (error is null)
        {
            Set(ReaderFlags.FinReceived);
        }

        _error = error;
    }

    private void FinishOnLoop(bool mustResume, ReaderFlags reports)
    {
        if (!mustResume)
        {
            Report(reports);
            return;
        }

        var place = _connection.TakePlace();
        if (place is Place.Pool)
        {
            // The end of the input before ConnectionClosed, as Kestrel expects the two.
            ResumeElsewhere(mustResume);
            Report(reports);
        }
        else
        {
            Report(reports);
            _connection.Resume(_read.Complete(), place);
        }
    }
}
