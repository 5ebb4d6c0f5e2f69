using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections.Output;

// What gives written bytes to the kernel: one thread at a time, outside of the lock.
internal sealed partial class ConnectionWriter
{
    // What one connection may send in a row before its loop serves the others, and what stays put off at most.
    private const int SendInARowBytesMax = 256 * 1024;

    // How long to wait when the kernel is short of memory: no event tells when that is over.
    private static readonly TimeSpan s_noBuffersDelay = TimeSpan.FromMilliseconds(10);

    private static readonly Action<object?> s_onBuffersDelayOver =
        static state => ((ConnectionWriter)state!).OnWritable();

    private static readonly Action<object?> s_onDrainTimeout =
        static state => ((ConnectionWriter)state!).OnDrainTimeout();

    /// <summary>The socket takes bytes again. On the loop.</summary>
    public void OnWritable() => Send(SendState.Blocked, mayResumeHere: true);

    /// <summary>A send that was scheduled.</summary>
    void IThreadPoolWorkItem.Execute() => Send(SendState.Scheduled, mayResumeHere: true);

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
    private void Send(SendState from, bool mayResumeHere)
    {
        bool mustReport;
        bool mustResume;
        bool mustSchedule;
        bool isEnded;
        lock (_gate)
        {
            if (_state != from)
            {
                return;
            }

            mayResumeHere &= SendCommitted();
            isEnded = Has(WriterFlags.Ended);
            if (isEnded)
            {
                DropAll();
            }
            else if (Has(WriterFlags.Completed))
            {
                ReportIfDrained();
            }

            mustSchedule = _state == SendState.Scheduled;
            mustResume = TryEndFlush(UnsentMaxAfter(from));
            mustReport = TakeReport();
        }

        if (isEnded)
        {
            _connection.OnSendsEnded(_cause!);
        }
        else if (mustSchedule)
        {
            Schedule();
        }

        Report(mustReport);
        Resume(mustResume, mayResumeHere);
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
                _state = SendState.Blocked;
                Loop.Loop.Schedule(s_noBuffersDelay, s_onBuffersDelayOver, this);
                return true;
            }

            if (result.IsError)
            {
                Fail(SocketErrors.ToException(result.Error));
                return true;
            }

            _sentInARow += result.Value;
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

        if (_lastTurn != loop.WaitCount)
        {
            _lastTurn = loop.WaitCount;
            _sentInARow = 0;
        }

        return _sentInARow >= SendInARowBytesMax;
    }

    /// <summary>Nobody waits for a completed output but the connection, and it does so for a time.</summary>
    private void WatchDraining()
    {
        lock (_gate)
        {
            if (_written.Unsent == 0 || Loop.DrainTimeout == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            _unsentAtLook = _written.Unsent;
            _nextLook = Loop.Loop.Schedule(Loop.DrainTimeout, s_onDrainTimeout, this);
        }
    }

    private void OnDrainTimeout()
    {
        bool isStuck;
        lock (_gate)
        {
            isStuck = _written.Unsent > 0 && _written.Unsent == _unsentAtLook;
        }

        if (isStuck)
        {
            _connection.Abort(new ConnectionAbortedException(
                $"The peer has taken nothing for {Loop.DrainTimeout.TotalSeconds} s after the output was completed."));
        }
        else
        {
            WatchDraining();
        }
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
        _failure = error;
        Set(WriterFlags.Dead | WriterFlags.Unreported);
        _state = SendState.Idle;
        _written.DropUnsent();
    }

    private void DropAll()
    {
        Set(WriterFlags.Dead);
        Clear(WriterFlags.Unreported);
        _nextLook?.Dispose();
        _state = SendState.Idle;
        _written.DropUnsent();
    }

    private void ReportIfDrained()
    {
        if (_state != SendState.Idle || Has(WriterFlags.Dead | WriterFlags.FinSent | WriterFlags.Faulted))
        {
            return;
        }

        Set(WriterFlags.Unreported);
        if (_connection.KeepsInput)
        {
            // An error is the end of the connection, which the reader hears of.
            Loop.Calls.Shutdown(_connection.Descriptor, SocketShutdown.Send);
            Set(WriterFlags.FinSent);
        }
    }
}
