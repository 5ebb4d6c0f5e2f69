using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Input;
using KqueueTransport.Connections.Output;
using KqueueTransport.Connections.Placement;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections;

/// <summary>
/// A connection: one descriptor, its registration with a loop, a reader and a writer straight over it, and the one
/// place that decides why and when it ends.
/// </summary>
/// <remarks>
/// The descriptor is used under the reader's or the writer's lock only, and closed, or left to
/// <see cref="LingeringCloses"/>, after both have been told that it ends, so no call can meet a number that belongs to
/// somebody else.
/// </remarks>
internal sealed partial class Connection :
    ConnectionContext, IDuplexPipe, IReentrantHandler, IStayingHandler, IThreadPoolWorkItem
{
    private readonly LoopContext _loop;
    private readonly EndPointContext _endPoint;
    private readonly ConnectionReader _reader;
    private readonly Registration _registration;

    // Made when the output is first asked for, by compare-and-swap: the end of the connection may come at that moment.
    private ConnectionWriter? _writer;

    private Lifetime _lifetime;

    // What has the descriptor once this connection has ended and its peer has not. Set by whoever ends it; events on
    // the loop look at it.
    private LingeringCloses.Close? _lingering;

    private ConnectionPlacement _placement;

    public Connection(
        LoopContext loop, EndPointContext endPoint, int descriptor, EndPoint? local, IPv4Peer remote)
        : this(loop, endPoint, descriptor, local, remote: null) => _peer = remote;

    public Connection(
        LoopContext loop, EndPointContext endPoint, int descriptor, EndPoint? local, EndPoint? remote)
    {
        _loop = loop;
        _endPoint = endPoint;
        _reader = new ConnectionReader(this);
        _registration = loop.Loop.Register(descriptor, this);
        _transport = this;
        LocalEndPoint = local;
        RemoteEndPoint = remote;
    }

    /// <summary>Valid until the reader and the writer have been told of the end.</summary>
    public int Descriptor => (int)_registration.Ident;

    public LoopContext LoopContext => _loop;

    public EndPointContext EndPointContext => _endPoint;

    public EventLoop Loop => _loop.Loop;

    /// <summary>Nobody locks it but the reader, and who asks the kernel about the descriptor.</summary>
    public Registration Registration => _registration;

    /// <summary>Whether the application runs on the loop, at the moment.</summary>
    public bool RunsInline => _placement.Next(_endPoint.Scheduling) is Place.Loop;

    /// <summary>Whether the input goes on when the output is completed. From any thread.</summary>
    public bool KeepsInput => _endPoint.HalfClose && !_reader.HasEnded;

    /// <summary>Why it has ended; null where it has not.</summary>
    public Exception? EndCause => Volatile.Read(ref _writer)?.Cause;

    PipeReader IDuplexPipe.Input => _reader;

    PipeWriter IDuplexPipe.Output => Writer;

    private bool HasSentFin => Volatile.Read(ref _writer) is { HasSentFin: true };

    private ConnectionWriter Writer => Volatile.Read(ref _writer) ?? MakeWriter();

    /// <summary>
    /// Begins to receive events. A socket without an armed filter would never hear of a reset on macOS, so READ stays
    /// armed for life.
    /// </summary>
    public void Start()
    {
        _loop.Statistics.CountStart();
        TransportEventSource.Log.ConnectionStart(this);
        var result = Arm(KEventFilter.Read, KEventFlags.Clear);
        if (result.IsError)
        {
            FailElsewhere(result.Error);
        }
    }

    /// <summary>Resumes the application on the thread pool, by work that the reader or the writer does.</summary>
    public void ResumeElsewhere(IThreadPoolWorkItem work) => _loop.Queue(work);

    /// <summary>
    /// Where the application goes on. On the loop; which is another thread's then, where it is likely to block.
    /// </summary>
    public Place TakePlace()
    {
        var place = _placement.Next(_endPoint.Scheduling);
        return place is Place.GivenAway && !EventLoop.TryGiveAway() ? Place.Pool : place;
    }

    /// <summary>Runs the application, and notes what it does there, unless that is a loop's business.</summary>
    public void Resume(in Continuation continuation, Place place)
    {
        if (place is Place.Loop)
        {
            _placement.OnBegins();
            Run(continuation);
            return;
        }

        var before = ThreadUsage.Now(_loop.Clock, isEnd: false);
        Run(continuation);
        var stay = ThreadUsage.Now(_loop.Clock, isEnd: true).Since(before);
        _placement.OnRan(stay);
        if (stay is HandlerStay.Blocked)
        {
            _endPoint.Scheduling.OnBlocked(wasOnLoop: false);
        }
    }

    /// <summary>Runs the application on the thread pool.</summary>
    public void ResumeOnPool(in Continuation continuation)
    {
        if (_endPoint.Scheduling.Mode is Scheduling.Adaptive && !RunsInline)
        {
            Resume(continuation, Place.Pool);
        }
        else
        {
            Run(continuation);
        }
    }

    /// <summary>
    /// Runs the application. What it throws here, past every async method, nobody else can catch: it ends this
    /// connection, and not the loop or the process.
    /// </summary>
    public void Run(in Continuation continuation)
    {
        try
        {
            continuation.Run();
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

    /// <summary>
    /// A read or a flush was awaited. Whoever awaits one that another awaits already gets an error from it, and so does
    /// the other: what they have read or written in turn is no stream any more, and the connection ends.
    /// </summary>
    public void OnAwaited(ref PendingOperation operation, object gate, in Continuation continuation, short version)
    {
        Awaiting awaiting;
        lock (gate)
        {
            awaiting = operation.OnCompleted(continuation, version);
        }

        if (awaiting != Awaiting.Pending)
        {
            RunElsewhere(continuation);
        }

        if (awaiting == Awaiting.Twice)
        {
            Fail(PipeErrors.Concurrent());
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

    /// <summary>The application has held up the loop, which was taken from it.</summary>
    public void OnStayed(HandlerStay stay)
    {
        _placement.OnRan(stay);
        if (stay is HandlerStay.Blocked)
        {
            TransportEventSource.Log.HandlerBlocks(this);
            _endPoint.Scheduling.OnBlocked(wasOnLoop: true);
        }
    }

    /// <summary>Arms a filter: under the reader's or writer's lock, or before others have the connection.</summary>
    public KernelResult Arm(KEventFilter filter, KEventFlags mode) => _registration.Arm(filter, mode);

    void IEventHandler.OnEvent(in KEvent kevent)
    {
        try
        {
            if (kevent.Filter == KEventFilter.Write)
            {
                Writer.OnWritable();
            }
            else if (!_reader.OnReadable(kevent, out var error))
            {
                Volatile.Read(ref _lingering)?.Drain();
                if (error is not null)
                {
                    Fail(error);
                }
            }
        }
        catch (Exception exception)
        {
            Fault(exception);
        }
    }

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

    /// <summary>Cancels ConnectionClosed, on the thread pool: its callbacks are the application's.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        CancelConnectionClosed();
        _lifetime.OnCallbacksRan();
    }

    private ConnectionWriter MakeWriter()
    {
        var writer = new ConnectionWriter(this);
        return Interlocked.CompareExchange(ref _writer, writer, null) ?? writer;
    }

    // By itself, because its closure is made with the call.
    private void RunElsewhere(Continuation continuation) => ResumeElsewhere(new Resumption(() => Run(continuation)));

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
        _reader.End(cause);
        FireConnectionClosed();
        Writer.End(cause, mustSend: reason is ShutdownReason.Closed or ShutdownReason.Aborted);
    }

    /// <summary>
    /// Neither the reader nor the writer uses the descriptor again. From the thread that ends the connection, or from
    /// the one that was sending.
    /// </summary>
    public void OnSendsEnded(Exception cause)
    {
        DisposeSocket();
        MeasureTcp();
        EndDescriptor(_lifetime.Reason, cause);
        _endPoint.Ended?.Invoke(this);
        _lifetime.OnDescriptorEnded();
    }

    private void EndDescriptor(ShutdownReason reason, Exception cause)
    {
        var isError = reason is ShutdownReason.Aborted or ShutdownReason.PeerReset or ShutdownReason.Failed;
        if (isError && !_endPoint.FinOnError)
        {
            // As Sockets logs it, also where the peer's own reset leaves nobody to send one to.
            TransportLog.ConnectionWriteRst(_loop.Logger, this, cause.Message);
            _registration.Dispose();
            if (reason is ShutdownReason.PeerReset)
            {
                _loop.Calls.Close(Descriptor);
            }
            else
            {
                _loop.Calls.Abort(Descriptor);
            }

            return;
        }

        var isFinSent = _endPoint.HalfClose && HasSentFin;
        if (!isFinSent)
        {
            TransportLog.ConnectionWriteFin(_loop.Logger, this, cause.Message);
        }

        var isPeerGone = _reader.HasReceivedAll || reason is ShutdownReason.PeerReset or ShutdownReason.Failed;
        if (isPeerGone || !TryLinger(isFinSent))
        {
            _registration.Dispose();
            _loop.Calls.Close(Descriptor);
        }
    }

    /// <summary>Sends FIN and leaves the descriptor open until the peer has ended, too.</summary>
    private bool TryLinger(bool isFinSent)
    {
        if (_endPoint.IsOutbound || _loop.Lingering is not { } lingering ||
            (!isFinSent && _loop.Calls.Shutdown(Descriptor, SocketShutdown.Send).IsError) ||
            lingering.TryAdd(Descriptor, _registration) is not { } close)
        {
            return false;
        }

        // An event on the loop notes itself with the reader and then looks at the field; this sets the field and then
        // asks the reader, whose lock is between: one of the two sees to the bytes, or both.
        Volatile.Write(ref _lingering, close);
        if (_reader.HasUnreceived)
        {
            close.Drain();
        }

        return true;
    }

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
