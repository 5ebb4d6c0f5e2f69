using Kqueue;
using KqueueTransport.Connections.Placement;

namespace KqueueTransport.Connections.Input;

// What the kernel's events lead to. On the loop.
internal sealed partial class ConnectionReader
{
    /// <summary>The kernel has something for this connection. On the loop.</summary>
    public void OnReadable(in KEvent kevent)
    {
        // With EOF or urgent data, a short receive is no sign of being drained: the end comes after it, or bytes behind
        // the mark where it stopped.
        var isEof = (kevent.Flags & KEventFlags.Eof) != 0;
        Serve(
            isEof ? LoopMarks.Readable | LoopMarks.Eof : LoopMarks.Readable,
            isEof || (kevent.Flags & KEventFlags.OutOfBand) != 0
                ? InputBuffer.AnnouncedUnknown
                : (int)Math.Min(kevent.Data, InputBuffer.AnnouncedUnknown));
    }

    /// <summary>
    /// Does what an event, or work that was left to the loop, asks for; or leaves that to whoever has the lock, which
    /// may be a thread that the kernel has set aside inside a receive: the loop has others to serve.
    /// </summary>
    private void Serve(LoopMarks marks, int announcedBytes = 0)
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
            announcedBytes = (marks & LoopMarks.MoreAnnounced) != 0 ? InputBuffer.AnnouncedUnknown : announcedBytes;
            isAfterEnd = (marks & LoopMarks.Readable) != 0 && HasInputEnded;
            if (isAfterEnd)
            {
                _input = _input is InputState.Ended ? InputState.EndedUnread : _input;
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
    private bool ServeLocked(LoopMarks marks, int announcedBytes)
    {
        var isEof = (marks & LoopMarks.Eof) != 0;
        var mayPause = isEof;
        _received.ReceivedInARow = 0;
        if ((marks & LoopMarks.Readable) != 0)
        {
            mayPause |= IsReadable;
            _input = _input is InputState.Drained ? InputState.Readable : _input;
            if (announcedBytes > 0)
            {
                _received.Announced = Math.Max(_received.Announced, announcedBytes);
            }

            if (isEof && (!_read.IsPending || _state is ReadState.Completed))
            {
                ReadAhead();
            }
        }

        if ((marks & LoopMarks.CancelDue) != 0)
        {
            EndCancelPutOff();
        }

        var mustResume = TryReceiveForPendingRead();
        if (mustResume && isEof && IsReadable)
        {
            // The next read may be long in coming, and ConnectionClosed must not wait for it: another event looks for
            // the end, behind the handler that has the last bytes now and may answer them.
            _ = _connection.Arm(KEventFilter.Read, KEventFlags.Clear);
        }

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

        var mayReceive = IsReadable && _state is not ReadState.Completed;
        if (mayReceive && !IsResultReady)
        {
            ReceiveMinimum();
        }

        if (IsResultReady)
        {
            // An error goes to the connection first, which then ends the read.
            return !HasUnreportedError && _read.TryEnd();
        }

        if (mayReceive && IsReadable)
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
            var continuation = _read.Complete();
            Report(reports);
            _connection.Resume(continuation, place);
        }
    }
}
