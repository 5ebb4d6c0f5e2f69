using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Output;

// What gives written bytes to the kernel: a flush by itself, or the loop a little later.
internal sealed partial class ConnectionWriter
{
    // Committed bytes above this are sent at once: waiting longer saves no calls worth having.
    private const int CoalesceBytesMax = 64 * 1024;

    // What one connection may flush in a row before its loop serves the others.
    private const int FlushInARowBytesMax = 256 * 1024;

    // How long to wait when the kernel is short of memory: no event tells when that is over.
    private static readonly TimeSpan s_noBuffersDelay = TimeSpan.FromMilliseconds(10);

    private static readonly Action<object?> s_onBuffersDelayOver =
        static state => ((ConnectionWriter)state!).OnBuffersDelayOver();

    /// <summary>The socket takes bytes again. On the loop.</summary>
    public void OnWritable()
    {
        lock (_gate)
        {
            Clear(WriterFlags.Armed);
        }

        SendOnLoop();
    }

    /// <summary>A send that was put off.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            SendOnLoop();
        }
        catch (Exception exception)
        {
            _connection.Fault(exception);
        }
    }

    private void OnBuffersDelayOver()
    {
        lock (_gate)
        {
            Clear(WriterFlags.Armed);
        }

        ((IThreadPoolWorkItem)this).Execute();
    }

    /// <summary>Whether the loop sends, a little later and perhaps more at a time.</summary>
    private bool TryLeaveToLoop()
    {
        if (Has(WriterFlags.Sending))
        {
            return true;
        }

        if (_written.Unsent >= Math.Min(CoalesceBytesMax, _connection.EndPointContext.MaxWriteBufferBytes))
        {
            return false;
        }

        if (EventLoop.TryDefer(this))
        {
            return true;
        }

        if (!Has(WriterFlags.Posted))
        {
            if (!_connection.HasUnconsumedInput && !_joining.MustTry())
            {
                return false;
            }

            PostSend();
        }

        _joining.OnLeft();
        return true;
    }

    private void PostSend()
    {
        Set(WriterFlags.Posted);
        _connection.Loop.Post(this);
    }

    /// <summary>
    /// After so many bytes in a row a flush on the loop waits for a WRITE event, also where the socket takes more: that
    /// comes behind the events of the other connections. Posted work would come before them.
    /// </summary>
    private bool TryYield()
    {
        if (_flushedInARow < FlushInARowBytesMax || EventLoop.Current != _connection.Loop)
        {
            return false;
        }

        if (!Has(WriterFlags.Armed | WriterFlags.Dead | WriterFlags.Sending))
        {
            Arm();
        }

        return true;
    }

    private void SendOnLoop()
    {
        bool mustResume;
        bool mustReport;

        // A hint, without the lock: either way is right at any time.
        if (Has(WriterFlags.Posted))
        {
            lock (_sendGate)
            {
                lock (_gate)
                {
                    BeginTurn();
                    SendOutside();
                    mustResume = TryEndFlush();
                    mustReport = TakeReport();
                }
            }
        }
        else
        {
            lock (_gate)
            {
                BeginTurn();
                SendUnlessArmed();
                mustResume = TryEndFlush();
                mustReport = TakeReport();
            }
        }

        Report(mustReport);
        if (mustResume && _connection.RunsInline && EventLoop.Current == _connection.Loop)
        {
            _connection.Run(CompleteFlush());
        }
        else
        {
            ResumeElsewhere(mustResume);
        }
    }

    private void BeginTurn()
    {
        _flushedInARow = 0;
        Clear(WriterFlags.Posted);
        _joining.OnSending();
    }

    private bool TryEndFlush()
    {
        if (Has(WriterFlags.Completed))
        {
            ReportIfDrained();
        }

        var resumeBytes = _connection.EndPointContext.ResumeWriteBufferBytes;
        return (Has(WriterFlags.Dead) || _written.Unsent <= resumeBytes) && _flush.TryEnd();
    }

    /// <summary>
    /// Sends what flushes of other threads have left to the loop, and leaves the lock for the kernel's calls: the next
    /// flushes would wait for them, and in HTTP/2 every stream of the connection for such a flush. What they commit
    /// meanwhile is posted.
    /// </summary>
    private void SendOutside()
    {
        if (_written.Unsent == 0 || Has(WriterFlags.Armed))
        {
            return;
        }

        Set(WriterFlags.Sending);
        Send(outside: _gate);
        Clear(WriterFlags.Sending);
        if (_written.Unsent > 0 && !Has(WriterFlags.Armed))
        {
            PostSend();
        }
    }

    private void SendUnlessArmed()
    {
        if (_written.Unsent > 0 && !Has(WriterFlags.Armed | WriterFlags.Sending))
        {
            Send(outside: null);
        }
    }

    /// <summary>Sends what is committed at the beginning.</summary>
    /// <param name="outside">The lock, where it is left for the calls.</param>
    private void Send(Lock? outside)
    {
        var left = _written.Unsent;
        while (left > 0)
        {
            var result = _written.Send(_connection.LoopContext.Calls, _connection.Descriptor, outside, out var isShort);
            if (result.IsWouldBlock)
            {
                Arm();
                return;
            }

            if (result.Error == Errno.ENOBUFS)
            {
                Set(WriterFlags.Armed);
                _connection.Loop.Schedule(s_noBuffersDelay, s_onBuffersDelayOver, this);
                return;
            }

            if (result.IsError)
            {
                Fail(result.Error);
                return;
            }

            left -= result.Value;
            _connection.LoopContext.Statistics.CountSent(result.Value);
            if (isShort)
            {
                // A short count means that the socket is full; arming asks the kernel again in the same call.
                Arm();
                return;
            }
        }
    }

    private void Arm()
    {
        Set(WriterFlags.Armed);
        var result = _connection.Arm(KEventFilter.Write, KEventFlags.OneShot);
        if (result.IsError)
        {
            Fail(result.Error);
        }
    }

    private void Fail(Errno error)
    {
        _failure = error;
        Set(WriterFlags.Dead | WriterFlags.Unreported);
        _written.DropUnsent();
    }

    private void ReportIfDrained()
    {
        if (_written.Unsent > 0 || Has(WriterFlags.Dead | WriterFlags.FinSent | WriterFlags.Faulted))
        {
            return;
        }

        Set(WriterFlags.Unreported);
        if (_connection.KeepsInput)
        {
            // An error is the end of the connection, which the reader hears of.
            _connection.LoopContext.Calls.Shutdown(_connection.Descriptor, SocketShutdown.Send);
            Set(WriterFlags.FinSent);
        }
    }
}
