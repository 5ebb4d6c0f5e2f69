using Kqueue;
using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Output;

// What gives written bytes to the kernel: one thread at a time, outside of the lock.
internal sealed partial class ConnectionWriter
{
    private static readonly Action<object?> s_onBuffersDelayOver =
        static state => ((ConnectionWriter)state!).OnWritable();

    /// <summary>The socket takes bytes again. On the loop.</summary>
    public void OnWritable() => SendAndResume(SendState.Blocked);

    /// <summary>A send that was scheduled.</summary>
    void IThreadPoolWorkItem.Execute() => SendAndResume(SendState.Scheduled);

    private void SendAndResume(SendState from)
    {
        if (SendOrFault(from, out var mayResumeHere))
        {
            Resume(mayResumeHere);
        }
    }

    /// <summary>
    /// A flush on the loop that has to wait for its send makes it, while what it has written is in the processor's
    /// cache. Behind the handlers at hand it would be pushed out by what these write, and nothing more comes that
    /// could go with it.
    /// </summary>
    private void SendAtOnce()
    {
        if (!SendOrFault(SendState.Scheduled, out var mayGoOn))
        {
            return;
        }

        if (!mayGoOn)
        {
            Resume(mayResumeHere: false);
        }
        else if (Wait.Flush.Complete() is { IsNone: false } other)
        {
            // This flush returns completed. Its operation was that of an earlier one, which somebody awaits.
            _connection.RunElsewhere(other);
        }
    }

    // No memory for a timer or a filter, say: nobody else would send, nor tell whoever waits for it.
    private bool SendOrFault(SendState from, out bool mayResumeHere)
    {
        try
        {
            return Send(from, out mayResumeHere);
        }
        catch (Exception exception)
        {
            mayResumeHere = false;
            _connection.Fault(exception);
            return false;
        }
    }

    /// <summary>
    /// On the loop the send comes behind the handlers at hand; elsewhere on the thread pool, behind what that has to do
    /// already. Either way it takes everything that is flushed until then.
    /// </summary>
    private void Schedule()
    {
        if (!EventLoop.TryDefer(this))
        {
            Loop.Queue(this);
        }
    }

    /// <summary>Sends, if nobody else has done so from that state.</summary>
    /// <param name="from">What the state must be.</param>
    /// <param name="mayResumeHere">Whether there is time for the application before the loop serves others.</param>
    /// <returns>Whether the flush that pended is over, and the caller has to complete it.</returns>
    private bool Send(SendState from, out bool mayResumeHere)
    {
        mayResumeHere = false;
        bool hasEnded;
        bool hasFailed;
        bool isDrained;
        bool mustSchedule;
        bool mustResume;
        Exception? error;
        lock (_gate)
        {
            if (_state != from)
            {
                return false;
            }

            var wasDead = Has(WriterFlags.Dead);
            mayResumeHere = SendCommitted();
            hasEnded = Has(WriterFlags.Ended);
            hasFailed = Has(WriterFlags.Dead) && !wasDead && !hasEnded;
            if (hasEnded)
            {
                DropAll();
            }

            error = _error;
            isDrained = TryFinish();
            mustSchedule = _state == SendState.Scheduled;
            mustResume = TryEndFlush(UnsentMaxAfter(from));
        }

        // The connection may call back, and what it calls may be the application's.
        if (hasEnded)
        {
            _connection.OnSendsEnded(error!);
        }
        else if (hasFailed)
        {
            _connection.OnSendFailed(error!);
        }
        else if (isDrained)
        {
            _connection.OnOutputDrained(HasSentFin);
        }
        else if (mustSchedule)
        {
            Schedule();
        }

        return mustResume;
    }

    // Once the kernel has been asked, a flush waits only where the limit is reached; and then until half of it is free.
    private long UnsentMaxAfter(SendState from) => from == SendState.Scheduled
        ? EndPoint.MaxWriteBufferBytes - 1
        : EndPoint.ResumeWriteBufferBytes;

    /// <summary>Sends until nothing is left, or the next send has to wait. The lock is left for the calls.</summary>
    /// <returns>False when the loop has others to serve, before the application goes on here.</returns>
    private bool SendCommitted()
    {
        _state = SendState.Sending;
        while (_written.Unsent > 0 && !Has(WriterFlags.Dead))
        {
            if (MustGiveWay())
            {
                Block();
                return false;
            }

            KernelResult result;
            bool isShort;
            try
            {
                result = _written.Send(Loop.Calls, _connection.Descriptor, _gate, out isShort);
            }
            catch (Exception exception)
            {
                // Memory of the application's that cannot be pinned, or a fault of ours: it is this connection's.
                Fail(exception);
                return true;
            }

            if (result.IsWouldBlock)
            {
                Block();
                return true;
            }

            if (result.Error == Errno.ENOBUFS)
            {
                // The kernel is short of memory.
                _state = SendState.Blocked;
                Loop.Loop.Schedule(Times.Retry, s_onBuffersDelayOver, this);
                return true;
            }

            if (result.IsError)
            {
                Fail(SocketErrors.ToException(result.Error));
                return true;
            }

            Loop.Statistics.CountSent(result.Value);
            if (isShort)
            {
                // A short count means that the socket is full; arming asks the kernel again in the same call.
                Block();
                return true;
            }

            if (IsFlushCanceled && _written.Unsent > 0)
            {
                _state = SendState.Scheduled;
                return true;
            }
        }

        _state = SendState.Idle;
        return true;
    }

    /// <summary>
    /// Whether the connection has sent so much since the loop last asked the kernel for events that a WRITE event comes
    /// first, also where the socket takes more: it comes behind the events of the other connections.
    /// </summary>
    private bool MustGiveWay()
    {
        if (EventLoop.Current is not { } loop)
        {
            return false;
        }

        var turn = unchecked((uint)loop.WaitCount);
        if (_lastTurn != turn)
        {
            _lastTurn = turn;
            _written.SentInARow = 0;
        }

        return _written.SentInARow >= Connection.BytesInARowMax;
    }

    private void Block()
    {
        _state = SendState.Blocked;
        var result = _connection.Arm(KEventFilter.Write, KEventFlags.OneShot);
        if (result.IsError)
        {
            Fail(SocketErrors.ToException(result.Error));
        }
    }

    private void Fail(Exception error)
    {
        _error ??= error;
        Set(WriterFlags.Dead);
        _state = SendState.Idle;
        _written.DropUnsent();
    }
}
