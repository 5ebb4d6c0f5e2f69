using System.Net;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Accepts from one listen socket, in batches, and deals the connections to the loops. It goes on accepting whatever
/// happens: only its stop ends it.
/// </summary>
internal sealed class Acceptor : IReentrantHandler, IThreadPoolWorkItem
{
    private readonly ListenSocket _socket;
    private readonly SocketCalls _calls;
    private readonly AcceptedConnections _connections;
    private readonly AcceptQueue _queue;
    private readonly AcceptLimits? _limits;
    private readonly ListenerStatistics _statistics;
    private readonly ILogger _logger;
    private readonly Registration _registration;
    private readonly int _acceptsPerWake;
    private readonly int _backlog;

    // The loop dispatches one event at a time, but one that was handed over in the middle, and a stop, may meet it.
    private readonly Lock _gate = new();

    // Whether somebody wants a batch that nobody has begun. Any thread, with full fences.
    private bool _isAsked;

    // Under _gate.
    private readonly SocketAddress _peer = SocketCalls.CreateAddress();
    private readonly AcceptBudget _budget;
    private bool _isStopped;
    private bool _isBackingOff;
    private LoopTimer? _backOff;

    public Acceptor(
        ListenSocket socket,
        TransportLoops loops,
        AcceptedConnections connections,
        AcceptQueue queue,
        AcceptLimits? limits,
        ListenerStatistics statistics,
        KqueueEndPointOptions options,
        ILogger logger)
    {
        _socket = socket;
        _calls = loops.Calls;
        _connections = connections;
        _queue = queue;
        _limits = limits;
        _statistics = statistics;
        _acceptsPerWake = options.AcceptsPerWake;
        _backlog = options.Backlog;
        _logger = logger;
        _budget = new AcceptBudget(loops);
        _registration = loops.LessLoaded().Loop.Register(socket.Descriptor, this);
    }

    /// <summary>Begins to accept. listen(2) comes before: NetBSD never reports a socket that was armed first.</summary>
    public KernelResult Start() => _registration.Arm(KEventFilter.Read, KEventFlags.Clear);

    /// <summary>Goes on after the accept queue, or the endpoint, was full.</summary>
    public void Resume() => _registration.Loop.Post(this);

    void IEventHandler.OnEvent(in KEvent kevent) => AcceptBatch();

    void IThreadPoolWorkItem.Execute() => AcceptBatch();

    /// <summary>
    /// Takes what the kernel has accepted, however full the queue is, and closes the listen socket: a connection that
    /// was left in the kernel's queue would be reset. In a storm that goes on meanwhile, no more are taken than the
    /// kernel's queue can have held. The queue of an inherited socket is left to whoever goes on with it.
    /// </summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            _backOff?.Dispose();
            if (_socket.IsInherited)
            {
                _registration.Disarm(KEventFilter.Read);
            }
            else
            {
                AcceptRest();
            }

            _registration.Dispose();
            _socket.Dispose();
        }
    }

    private void AcceptRest()
    {
        // Linux keeps one more than listen(2) was told (sk_acceptq_is_full). They get also what is to be left free.
        for (var accepts = 0; accepts <= _backlog && AcceptOne() is Errno.None or Errno.EMFILE; accepts++)
        {
        }
    }

    /// <summary>
    /// Accepts a batch, or leaves it to the thread that is accepting: that may be stuck in a log, and each event of the
    /// listen socket would then cost the loop another thread.
    /// </summary>
    private void AcceptBatch()
    {
        // Who does not get the lock has asked before, and who had it looks afterwards, with a fence on both sides: one
        // of the two sees to it.
        Interlocked.Exchange(ref _isAsked, true);
        while (Volatile.Read(ref _isAsked) && _gate.TryEnter())
        {
            try
            {
                Interlocked.Exchange(ref _isAsked, false);
                AcceptBatchLocked();
            }
            finally
            {
                _gate.Exit();
            }

            Interlocked.MemoryBarrier();
        }
    }

    private void AcceptBatchLocked()
    {
        if (_isStopped || _isBackingOff)
        {
            return;
        }

        for (var accepts = 0; accepts < _acceptsPerWake; accepts++)
        {
            if (_queue.PauseIfFull() || MustWait())
            {
                return;
            }

            var error = AcceptOne();
            if (error == Errno.EAGAIN)
            {
                return;
            }

            if (error != Errno.None && !_budget.TryMakeRoom(error))
            {
                BackOff(error);
                return;
            }
        }

        // More may be waiting, and an edge is reported once. Arming again makes another, behind the events of the
        // connections, before which posted work would come. It fails where the loop has ended.
        if (_registration.Arm(KEventFilter.Read, KEventFlags.Clear).IsError)
        {
            _registration.Loop.Post(this);
        }
    }

    /// <summary>
    /// Accepts one connection, or one whose peer has given up. An error otherwise, and EMFILE also where the connection
    /// has one of the descriptors that are to be left to the process.
    /// </summary>
    private Errno AcceptOne()
    {
        var result = KernelResult.Failure(Errno.ENOMEM);
        Connection? accepted = null;
        ListenerLimit? limit = null;
        try
        {
            result = _calls.Accept(_socket.Descriptor, _peer);
            if (!result.IsError)
            {
                limit = _limits?.RefusalOf(_peer);
                accepted = limit is null ? _connections.Take(result.Value, _peer) : null;
            }
        }
        catch (OutOfMemoryException)
        {
            // As if the kernel had none: it is tried again later. The edge that led here has been taken.
            if (!result.IsError)
            {
                _calls.Abort(result.Value);
                result = KernelResult.Failure(Errno.ENOMEM);
            }
        }

        if (!result.IsError)
        {
            var fits = _budget.OnAccepted(result.Value);
            if (limit is { } reached)
            {
                _calls.Abort(result.Value);
                _statistics.CountRefusal(reached);
                Warn(reached);
                return Errno.None;
            }

            _statistics.CountAccept();
            if (accepted is { } connection)
            {
                _queue.Add(connection);
            }

            return fits ? Errno.None : Errno.EMFILE;
        }

        if (result.Error == Errno.EAGAIN)
        {
            return Errno.EAGAIN;
        }

        _statistics.CountError(result.Error);

        // The peer's fault and the peer's loss: the next one in the queue may be fine. Linux reports errors of the
        // connection's network here, too (accept(2), "Error handling").
        return result.Error is Errno.ECONNABORTED or Errno.ECONNRESET or Errno.EPROTO or Errno.ENETDOWN or
            Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.EOPNOTSUPP or Errno.ENOPROTOOPT
            ? Errno.None
            : result.Error;
    }

    /// <summary>Whether a limit leaves the next connection in the kernel. A batch follows when it is over.</summary>
    private bool MustWait()
    {
        if (_limits?.PauseIfReached() is not { } limit)
        {
            return false;
        }

        _statistics.CountWait(limit);
        Warn(limit);
        if (limit is ListenerLimit.Rate)
        {
            BackOff();
        }

        return true;
    }

    // Not while it stops: the logger is the application's, and whoever stops the server would wait for it.
    private void Warn(ListenerLimit limit)
    {
        if (!_isStopped && _limits!.MustWarn())
        {
            TransportLog.LimitReached(
                _logger, _socket.EndPoint, ListenerLimits.OptionOf(limit), _limits.FateBeyond(limit));
        }
    }

    /// <summary>Resets connections that wait in the kernel's queue, so that their peers are told.</summary>
    private void Refuse()
    {
        for (var refusals = 0; refusals < _acceptsPerWake; refusals++)
        {
            var result = _calls.Accept(_socket.Descriptor, _peer);
            if (result.IsError)
            {
                return;
            }

            _calls.Abort(result.Value);
            _statistics.CountRefusal(ListenerLimit.Descriptors);
        }
    }

    private void BackOff(Errno error)
    {
        if (_budget.OnFailed())
        {
            TransportLog.AcceptError(_logger, _socket.EndPoint, error);
        }

        if (error == Errno.EMFILE && _budget.MustRefuse)
        {
            Refuse();
        }

        BackOff();
    }

    private void BackOff()
    {
        _isBackingOff = true;
        _backOff = _registration.Loop.Schedule(
            AcceptBudget.BackOff, static state => ((Acceptor)state!).EndBackOff(), this);
    }

    private void EndBackOff()
    {
        lock (_gate)
        {
            if (_isStopped)
            {
                return;
            }

            if (_budget.IsSpent() && !_budget.TryMakeRoom(Errno.EMFILE))
            {
                BackOff(Errno.EMFILE);
                return;
            }

            _isBackingOff = false;
        }

        AcceptBatch();
    }
}
