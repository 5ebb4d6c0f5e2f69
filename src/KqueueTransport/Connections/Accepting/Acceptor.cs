using Kqueue;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Registrations;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets.Listening;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Accepts from one listen socket, in batches, into the accept queue. It goes on accepting whatever happens: only its
/// stop ends it.
/// </summary>
internal sealed class Acceptor : IReentrantHandler, IThreadPoolWorkItem
{
    private readonly ListenSocket _socket;
    private readonly AcceptedConnections _connections;
    private readonly AcceptQueue _queue;
    private readonly AcceptLimits? _limits;
    private readonly ILogger _logger;
    private readonly Registration _registration;
    private readonly int _acceptsPerWake;
    private readonly int _backlog;

    // The loop dispatches one event at a time, but one that was handed over in the middle, and a stop, may meet it: a
    // thread that accepts may be stuck in a log, and each event of the listen socket would cost the loop another one.
    private LoopLock _lock;

    // Under the lock.
    private readonly AcceptBudget _budget;
    private bool _isStopped;

    private readonly AcceptBackOff _backOff;

    public Acceptor(
        ListenSocket socket,
        TransportLoops loops,
        AcceptedConnections connections,
        AcceptQueue queue,
        AcceptLimits? limits,
        KqueueEndPointOptions options,
        ILogger logger)
    {
        _socket = socket;
        _connections = connections;
        _queue = queue;
        _limits = limits;
        _acceptsPerWake = options.AcceptsPerWake;
        _backlog = options.Backlog;
        _logger = logger;
        _budget = new AcceptBudget(loops);
        _queue.Places.Freed = Resume;
        limits?.Connections.Freed = Resume;
        _registration = loops.LessLoaded().Loop.Register(socket.Descriptor, this);
        _backOff = new AcceptBackOff(_registration.Loop, AcceptBatch);
    }

    /// <summary>Begins to accept. listen(2) comes before: NetBSD never reports a socket that was armed first.</summary>
    public KernelResult Start() => _registration.Arm(KEventFilter.Read, KEventFlags.Clear);

    void IEventHandler.OnEvent(in KEvent kevent) => AcceptBatch();

    void IThreadPoolWorkItem.Execute() => AcceptBatch();

    /// <summary>
    /// Takes what the kernel has accepted, however full the queue is, and closes the listen socket: a connection that
    /// was left in the kernel's queue would be reset. In a storm that goes on meanwhile, no more are taken than the
    /// kernel's queue can have held. The queue of an inherited socket is left to whoever goes on with it.
    /// </summary>
    public void Stop()
    {
        lock (_registration)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            _backOff.Stop();
            try
            {
                LeaveOrAcceptRest();
            }
            catch (Exception exception)
            {
                // A fault of ours: the socket closes all the same.
                TransportLog.UnexpectedException(_logger, "accepting", exception);
            }

            _registration.Dispose();
            _socket.Dispose();
        }
    }

    private void LeaveOrAcceptRest()
    {
        if (_socket.IsInherited)
        {
            _registration.Disarm(KEventFilter.Read);
            return;
        }

        // Linux keeps one more than listen(2) was told (sk_acceptq_is_full), and FreeBSD up to half as many more
        // (uipc_socket.c, solisten_enqueue). They get also what is to be left free.
        var max = _backlog + (_backlog / 2) + 1;
        for (var accepts = 0; accepts < max && AcceptOne() is Errno.None or Errno.EMFILE; accepts++)
        {
        }
    }

    // The queue, or the endpoint, was full.
    private void Resume() => _registration.Loop.Post(this);

    /// <summary>Accepts a batch, or leaves it to the thread that is accepting.</summary>
    private void AcceptBatch()
    {
        if (!_lock.TryEnter(_registration, LoopMarks.Readable))
        {
            return;
        }

        try
        {
            _lock.Take();
            if (!_isStopped && !_backOff.IsOn)
            {
                AcceptBatchLocked();
                _limits?.Warn(_logger, _socket.EndPoint);
            }
        }
        catch (Exception exception)
        {
            // A fault of ours. The edge that led here has been taken, so it is tried again.
            TransportLog.UnexpectedException(_logger, "accepting", exception);
            _backOff.Begin();
        }
        finally
        {
            _lock.Leave(_registration, this);
        }
    }

    private void AcceptBatchLocked()
    {
        if (_budget.IsSpent() && !_budget.TryMakeRoom(Errno.EMFILE))
        {
            BackOff(Errno.EMFILE);
            return;
        }

        for (var accepts = 0; accepts < _acceptsPerWake; accepts++)
        {
            if (MustWait())
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
            Resume();
        }
    }

    /// <summary>Whether the next connection is left in the kernel. A batch follows when that is over.</summary>
    private bool MustWait()
    {
        if (_queue.Places.PauseIfTaken())
        {
            return true;
        }

        var limit = _limits?.PauseIfReached();
        if (limit is ListenerLimit.Rate)
        {
            _backOff.Begin();
        }

        return limit is not null;
    }

    /// <summary>
    /// Accepts one connection, or one that is not to be had. An error otherwise, and EMFILE also where the connection
    /// has one of the descriptors that are to be left to the process.
    /// </summary>
    private Errno AcceptOne()
    {
        var accepted = _connections.TryAccept(out var connection);
        if (accepted.IsError)
        {
            // The peer's fault and the peer's loss: the next one in the queue may be fine. Linux reports errors of the
            // connection's network here, too (accept(2), "Error handling").
            return accepted.Error is Errno.ECONNABORTED or Errno.ECONNRESET or Errno.EPROTO or Errno.ENETDOWN or
                Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.EOPNOTSUPP or Errno.ENOPROTOOPT
                ? Errno.None
                : accepted.Error;
        }

        var fits = _budget.OnAccepted(accepted.Value);
        if (connection is null)
        {
            return Errno.None;
        }

        _queue.Add(connection);
        return fits ? Errno.None : Errno.EMFILE;
    }

    private void BackOff(Errno error)
    {
        if (_budget.OnFailed())
        {
            TransportLog.AcceptError(_logger, _socket.EndPoint, error);
        }

        if (error == Errno.EMFILE && _budget.MustRefuse)
        {
            _connections.Refuse(_acceptsPerWake);
        }

        _backOff.Begin();
    }
}
