using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections.Output;

// How the output ends: completed by the application, by an error of a send, or with its connection.
internal sealed partial class ConnectionWriter
{
    private static readonly Action<object?> s_onDrainTimeout =
        static state => ((ConnectionWriter)state!).OnDrainTimeout();

    /// <summary>Whether the output has ended for itself, with FIN.</summary>
    public bool HasSentFin => (State.Flags & WriterFlags.FinSent) != 0;

    /// <summary>Why the connection has ended, or is about to; null where it has not.</summary>
    public Exception? Cause => Volatile.Read(ref _error);

    /// <summary>
    /// The error that a send has met, or null. False while a send is under way: it may be about to hear of one. Nobody
    /// asks once the connection ends.
    /// </summary>
    public bool TryGetFailure(out Exception? failure)
    {
        lock (_gate)
        {
            failure = _error;
            return failure is not null || _state != SendState.Sending;
        }
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (Has(WriterFlags.Completed))
            {
                return;
            }

            Commit();
            Set(exception is null ? WriterFlags.Completed : WriterFlags.Completed | WriterFlags.Faulted);
            if (exception is null && _state == SendState.Idle && !Has(WriterFlags.Ended))
            {
                _state = SendState.Scheduled;
            }
        }

        if (exception is null)
        {
            // Nothing more comes that could be sent together with what is here.
            if (Send(SendState.Scheduled, out _))
            {
                Resume(mayResumeHere: false);
            }

            WatchDraining();
        }
        else
        {
            _connection.OnOutputFaulted(exception);
        }
    }

    /// <summary>
    /// Ends the output because the connection ends. The connection hears when the descriptor is used no more: within
    /// this call, or from the thread that is sending.
    /// </summary>
    /// <param name="cause">Why.</param>
    /// <param name="mustSend">
    /// Whether what is flushed and only put off goes to the kernel first. What waits for the socket is dropped.
    /// </param>
    public void End(Exception cause, bool mustSend)
    {
        bool mustResume;
        lock (_gate)
        {
            Volatile.Write(ref _error, cause);
            if (!mustSend)
            {
                Set(WriterFlags.Dead);
            }

            if (_state == SendState.Sending)
            {
                Set(WriterFlags.Ended);
                return;
            }

            if (_state == SendState.Scheduled)
            {
                SendCommitted();
            }

            Set(WriterFlags.Ended);
            DropAll();
            mustResume = TryEndFlush(unsentMax: 0);
        }

        _connection.OnSendsEnded(cause);
        if (mustResume)
        {
            Resume(mayResumeHere: false);
        }
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

            Wait.UnsentAtLook = _written.Unsent;
            Wait.NextLook = Loop.Loop.Schedule(Loop.DrainTimeout, s_onDrainTimeout, this);
        }
    }

    private void OnDrainTimeout()
    {
        bool isStuck;
        lock (_gate)
        {
            // Of a send that is under way nobody knows yet what it took.
            isStuck = _state != SendState.Sending && _written.Unsent > 0 && _written.Unsent == Wait.UnsentAtLook;
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

    private void DropAll()
    {
        Set(WriterFlags.Dead);
        _gate.Wait?.NextLook?.Dispose();
        _state = SendState.Idle;
        _written.DropUnsent();
    }

    /// <summary>
    /// Whether the kernel has all of a completed output. FIN follows where reading goes on: an error of that is the end
    /// of the connection, which the reader hears of.
    /// </summary>
    private bool TryFinish()
    {
        const WriterFlags Relevant =
            WriterFlags.Completed | WriterFlags.Faulted | WriterFlags.Dead | WriterFlags.FinSent;
        if (_state != SendState.Idle || (_flags & Relevant) != WriterFlags.Completed)
        {
            return false;
        }

        if (_connection.KeepsInput)
        {
            Loop.Calls.Shutdown(_connection.Descriptor, SocketShutdown.Send);
            Set(WriterFlags.FinSent);
        }

        return true;
    }
}
