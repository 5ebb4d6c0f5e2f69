using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections;

// Why and when the connection ends.
internal sealed partial class Connection : IThreadPoolWorkItem
{
    private Lifetime _lifetime;

    /// <summary>Whether the input goes on when the output is completed. From any thread.</summary>
    public bool KeepsInput => _endPoint.HalfClose && !_reader.HasEnded;

    /// <summary>Why it has ended; null where it has not.</summary>
    public Exception? EndCause => Volatile.Read(ref _writer)?.Cause;

    private bool HasSentFin => Volatile.Read(ref _writer) is { HasSentFin: true };

    public override void Abort(ConnectionAbortedException abortReason) =>
        Shutdown(abortReason is null ? ShutdownReason.Closed : ShutdownReason.Aborted, abortReason);

    /// <summary>
    /// Ends the reader and the writer, lets what was written go out, and completes when FIN or RST is sent and the
    /// callbacks of ConnectionClosed have run. The descriptor may wait for the peer's FIN for a while longer. Whoever
    /// disposes of an outbound connection does not wait for its peer: the connection goes on by itself.
    /// </summary>
    [SuppressMessage("Usage", "CA2215", Justification = "The base class has nothing to dispose.")]
    public override ValueTask DisposeAsync()
    {
        _reader.Complete();
        Writer.Complete();
        return _endPoint.IsOutbound && Writer.HasUnsent ? default : new ValueTask(_lifetime.WhenOver());
    }

    /// <summary>The stream of received bytes ended. Null is an orderly end.</summary>
    public void OnInputEnded(Exception? error)
    {
        if (error is not null)
        {
            Fail(error);
            return;
        }

        TransportLog.ConnectionReadFin(_loop.Logger, this);
        if (_endPoint.HalfClose)
        {
            EndIfBothDirectionsHave();
        }
        else
        {
            FireConnectionClosed();
        }
    }

    /// <summary>The stream of received bytes will end with an error: bytes of a completed read come before.</summary>
    public void OnInputFailing() => FireConnectionClosed();

    /// <summary>The application wants no more input.</summary>
    public void OnInputCompleted() => EndIfBothDirectionsHave();

    /// <summary>The application completed its output and the kernel has all of it.</summary>
    public void OnOutputDrained(bool isFinSent)
    {
        if (!isFinSent)
        {
            Shutdown(ShutdownReason.OutputCompleted, null);
            return;
        }

        TransportLog.ConnectionWriteFin(_loop.Logger, this, Describe(ShutdownReason.OutputCompleted));
        EndIfBothDirectionsHave();
    }

    /// <summary>The application completed its output with an error.</summary>
    public void OnOutputFaulted(Exception error)
    {
        TransportLog.ConnectionError(_loop.Logger, this, error);
        Shutdown(ShutdownReason.Aborted, error);
    }

    /// <summary>
    /// The error that a send has met, or null. False while a send is under way: it may be about to hear of one.
    /// </summary>
    public bool TryGetSendError(out Exception? error)
    {
        error = null;
        return Volatile.Read(ref _writer)?.TryGetFailure(out error) ?? true;
    }

    public void OnSendFailed(Exception error)
    {
        if (error is SocketException or ConnectionResetException)
        {
            Fail(error);
        }
        else
        {
            Fault(error);
        }
    }

    /// <summary>
    /// Something failed that never does, in the application's code, in a memory pool or in this transport: it ends this
    /// connection, and nothing else.
    /// </summary>
    public void Fault(Exception exception)
    {
        TransportLog.ConnectionFaulted(_loop.Logger, this, exception);
        Shutdown(ShutdownReason.Failed, exception);
    }

    // The acceptor is under its lock, and the end of a connection calls the application's logger. By itself, because
    // its closure is made with the call.
    private void FailElsewhere(Errno error) =>
        _loop.Queue(new Resumption(() => Fail(SocketErrors.ToException(error))));

    private void Fail(Exception error)
    {
        if (error is ConnectionResetException)
        {
            TransportLog.ConnectionReset(_loop.Logger, this);
            Shutdown(ShutdownReason.PeerReset, error);
        }
        else
        {
            TransportLog.ConnectionError(_loop.Logger, this, error);
            Shutdown(ShutdownReason.Failed, error);
        }
    }

    // Each direction notes its end under its lock and then comes here: the second of the two sees both.
    private void EndIfBothDirectionsHave()
    {
        if (_endPoint.HalfClose && HasSentFin && _reader.HasEnded)
        {
            Shutdown(ShutdownReason.OutputCompleted, null);
        }
    }

    /// <summary>The one way a connection ends; every cause after the first is ignored.</summary>
    private void Shutdown(ShutdownReason reason, Exception? error)
    {
        if (!_lifetime.TryEnd(reason))
        {
            return;
        }

        _loop.Statistics.CountEnd();
        _endPoint.Statistics.CountEnd(reason);
        TransportEventSource.Log.ConnectionStop(this, reason);

        // The reader learns the reason before the descriptor closes, so that the application sees the reason and not
        // the close. Then ConnectionClosed: who waits for a flush, and writes on, knows by then that it is in vain.
        var cause = error ?? new ConnectionAbortedException(Describe(reason));
        if (_reader.TryEnd(cause))
        {
            EndAfterReader(cause);
        }
        else
        {
            EndElsewhere(cause);
        }
    }

    private void EndAfterReader(Exception cause)
    {
        FireConnectionClosed();
        Writer.End(cause, mustSend: _lifetime.Reason is ShutdownReason.Closed or ShutdownReason.Aborted);
    }

    // Whoever has the reader's lock may be set aside inside a receive, and a loop waits for nobody. By itself, because
    // its closure is made with the call.
    private void EndElsewhere(Exception cause) => _loop.Queue(new Resumption(() =>
    {
        using (_reader.Enter())
        {
            _reader.TryEnd(cause);
        }

        EndAfterReader(cause);
    }));

    private void FireConnectionClosed()
    {
        if (!_lifetime.TryClose())
        {
            return;
        }

        if (_lifetime.HasNoToken)
        {
            _lifetime.OnCallbacksRan();
        }
        else
        {
            _loop.Queue(this);
        }
    }

    /// <summary>Cancels ConnectionClosed, on the thread pool: its callbacks are the application's.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        CancelConnectionClosed();
        _lifetime.OnCallbacksRan();
    }

    private static string Describe(ShutdownReason reason) => reason switch
    {
        ShutdownReason.OutputCompleted => "The application completed the connection's output.",
        ShutdownReason.Closed => "The application closed the connection.",
        ShutdownReason.Aborted => "The application aborted the connection.",
        ShutdownReason.PeerReset => "The peer reset the connection.",
        ShutdownReason.Failed => "The connection failed.",
        _ => throw new UnreachableException(),
    };
}
