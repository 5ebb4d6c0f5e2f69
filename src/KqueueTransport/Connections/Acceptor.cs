using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using Kqueue.Interop;
using KqueueTransport.Diagnostics;
using KqueueTransport.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Connections;

/// <summary>
/// Accepts from one listen socket, in batches, and deals the connections to the loops. It goes on accepting whatever
/// happens: only its stop ends it.
/// </summary>
internal sealed class Acceptor : IEventHandler, IThreadPoolWorkItem
{
    // Accepts of one turn at most, so that a storm of new connections does not starve those that are there.
    private const int AcceptsPerTurn = 64;

    // How long to wait when descriptors or memory have run out: long enough to cost nothing, short enough to be
    // unnoticed when some become free.
    private static readonly TimeSpan s_backOff = TimeSpan.FromMilliseconds(50);

    private readonly ListenSocket _socket;
    private readonly TransportLoops _loops;
    private readonly ApplicationScheduling _scheduling;
    private readonly AcceptQueue _queue;
    private readonly ILogger _logger;
    private readonly Registration _registration;
    private readonly bool _isWildcard;

    // The loop dispatches one event at a time, but one that was handed over in the middle, and a stop, may meet it.
    private readonly Lock _gate = new();

    // Under _gate.
    private readonly SocketAddress _peer = SocketCalls.CreateAddress();
    private readonly SocketAddress _local = SocketCalls.CreateAddress();
    private bool _isStopped;
    private bool _isBackingOff;
    private bool _hasWarned;

    public Acceptor(
        ListenSocket socket,
        TransportLoops loops,
        ApplicationScheduling scheduling,
        AcceptQueue queue,
        ILogger logger)
    {
        _socket = socket;
        _loops = loops;
        _scheduling = scheduling;
        _queue = queue;
        _logger = logger;
        _isWildcard = socket.EndPoint is IPEndPoint { Address: var address } &&
            (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));
        _registration = loops.LeastLoaded().Loop.Register(socket.Descriptor, this);
    }

    /// <summary>Begins to accept. listen(2) comes before: NetBSD never reports a socket that was armed first.</summary>
    public KernelResult Start() => _registration.Arm(KEventFilter.Read, KEventFlags.Clear);

    /// <summary>Goes on after the accept queue was full.</summary>
    public void Resume() => _registration.Loop.Post(this);

    void IEventHandler.OnEvent(in KEvent kevent) => AcceptBatch();

    void IThreadPoolWorkItem.Execute() => AcceptBatch();

    /// <summary>
    /// Takes what the kernel has accepted, however full the queue is, and closes the listen socket: a connection that
    /// was left in the kernel's queue would be reset.
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
            while (AcceptOne(out _))
            {
            }

            _registration.Dispose();
            _socket.Dispose();
        }
    }

    private void AcceptBatch()
    {
        lock (_gate)
        {
            if (_isStopped || _isBackingOff)
            {
                return;
            }

            for (var accepts = 0; accepts < AcceptsPerTurn; accepts++)
            {
                if (_queue.PauseIfFull())
                {
                    return;
                }

                if (!AcceptOne(out var error))
                {
                    if (error != Errno.EAGAIN)
                    {
                        BackOff(error);
                    }

                    return;
                }
            }

            // More may be waiting, and an edge is reported once.
            _registration.Loop.Post(this);
        }
    }

    /// <summary>Accepts one connection; true also when its peer had already given up.</summary>
    private bool AcceptOne(out Errno error)
    {
        var result = _loops.Calls.Accept(_socket.Descriptor, _peer);
        error = result.Error;
        if (!result.IsError)
        {
            _hasWarned = false;
            Add(result.Value);
            return true;
        }

        // The peer's fault and the peer's loss: the next one in the queue may be fine. Linux reports errors of the
        // connection's network here, too (accept(2), "Error handling").
        return error is Errno.ECONNABORTED or Errno.ECONNRESET or Errno.EPROTO or Errno.ENETDOWN or
            Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.EOPNOTSUPP or Errno.ENOPROTOOPT;
    }

    private void Add(int descriptor)
    {
        if (_peer.Size == 0 && _socket.EndPoint is IPEndPoint)
        {
            // macOS accepts a connection whose peer has reset it meanwhile with an address of length 0
            // (xnu uipc_syscalls.c, accept_nocancel).
            _loops.Calls.Close(descriptor);
            return;
        }

        if (_socket.OptionsToSet is { } options)
        {
            // An error is the peer's end, which the first receive reports better.
            _loops.Calls.Configure(descriptor, options);
        }

        var connection = new Connection(
            _loops.LeastLoaded(), _scheduling, descriptor, LocalEndPoint(descriptor), _peer.ToEndPoint());
        connection.Start();
        _queue.Add(connection);
    }

    private EndPoint? LocalEndPoint(int descriptor)
    {
        if (!_isWildcard)
        {
            return _socket.EndPoint;
        }

        var result = _loops.Calls.GetLocalAddress(descriptor, _local);
        return result.IsError ? _socket.EndPoint : _local.ToEndPoint();
    }

    private void BackOff(Errno error)
    {
        if (!_hasWarned)
        {
            _hasWarned = true;
            TransportLog.AcceptError(_logger, _socket.EndPoint, error);
        }

        _isBackingOff = true;
        _registration.Loop.Schedule(s_backOff, static state => ((Acceptor)state!).EndBackOff(), this);
    }

    private void EndBackOff()
    {
        lock (_gate)
        {
            _isBackingOff = false;
        }

        AcceptBatch();
    }
}
