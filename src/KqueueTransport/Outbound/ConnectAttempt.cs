using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;

namespace KqueueTransport.Outbound;

/// <summary>
/// One descriptor on its way to one address: it becomes a connection, or it is closed. Whichever of the kernel's
/// answer and the caller's cancellation comes first decides, once.
/// </summary>
internal sealed class ConnectAttempt : IEventHandler
{
    private readonly LoopContext _loop;
    private readonly EndPointContext _endPoint;
    private readonly EndPoint _remote;
    private readonly int _descriptor;
    private readonly Registration _registration;

    private readonly TaskCompletionSource<Connection> _completion = new();
    private readonly Lock _gate = new();

    // Under _gate. Whoever sets it has the descriptor to itself.
    private bool _isOver;

    private ConnectAttempt(LoopContext loop, EndPointContext endPoint, EndPoint remote, int descriptor)
    {
        _loop = loop;
        _endPoint = endPoint;
        _remote = remote;
        _descriptor = descriptor;
        _registration = loop.Loop.Register(descriptor, this);
    }

    /// <summary>Connects to one address.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">Refused, unreachable, or out of descriptors.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before it was connected.</exception>
    public static async Task<Connection> ConnectAsync(
        LoopContext loop,
        EndPointContext endPoint,
        EndPoint remote,
        KqueueEndPointOptions options,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = loop.Calls.Connect(remote, options);
        while (started.Error == Errno.EAGAIN && remote is UnixDomainSocketEndPoint)
        {
            // The listener's backlog is full: TCP tries again by itself, a Unix socket does not (Linux unix(7)).
            await Task.Delay(Times.Retry, loop.Clock, cancellationToken).ConfigureAwait(false);
            started = loop.Calls.Connect(remote, options);
        }

        if (started.IsError)
        {
            throw SocketErrors.ToConnectException(started.Error, remote);
        }

        var attempt = new ConnectAttempt(loop, endPoint, remote, started.Value);
        attempt.Arm();
        var cancellation = cancellationToken.UnsafeRegister(
            static (state, token) => ((ConnectAttempt)state!).Cancel(token), attempt);
        try
        {
            return await attempt._completion.Task.ConfigureAwait(false);
        }
        finally
        {
            // A cancellation that is under way is not waited for: it finds that all is over.
            cancellation.Unregister();
        }
    }

    /// <summary>The kernel knows the outcome. On the loop.</summary>
    public void OnEvent(in KEvent kevent)
    {
        KernelResult outcome;
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            outcome = _loop.Calls.FinishConnect(_descriptor);
            if (!outcome.IsError && (kevent.Flags & KEventFlags.Eof) == 0 && !IsConnected())
            {
                outcome = ArmWrite();
                if (!outcome.IsError)
                {
                    return;
                }
            }

            _isOver = true;
        }

        if (outcome.IsError)
        {
            Fail(SocketErrors.ToConnectException(outcome.Error, _remote));
        }
        else
        {
            Hand();
        }
    }

    private void Arm()
    {
        var result = ArmWrite();
        if (result.IsError && TryEnd())
        {
            Fail(SocketErrors.ToConnectException(result.Error, _remote));
        }
    }

    private KernelResult ArmWrite() => _registration.Arm(KEventFilter.Write, KEventFlags.OneShot);

    // No error yet is no proof: an event is a hint, and a socket that is still connecting has no error either. EOF is
    // one: a Unix socket whose server has closed at once has no error and, to a BSD, no peer, and never will have.
    private bool IsConnected() =>
        _loop.Calls.GetRemoteAddress(_descriptor, SocketCalls.CreateAddress()).Error
            is not (Errno.ENOTCONN or Errno.EINVAL);

    private void Hand()
    {
        Connection connection;
        try
        {
            connection = Connect();
        }
        catch (Exception exception)
        {
            // No memory, say. Nobody else ends the attempt any more: who waits for it would wait for ever.
            Fail(exception);
            return;
        }

        Complete(() => _completion.SetResult(connection));
    }

    /// <summary>The descriptor is a connection's from now on.</summary>
    private Connection Connect()
    {
        var address = SocketCalls.CreateAddress();
        var local = _loop.Calls.GetLocalAddress(_descriptor, address).IsError ? null : address.ToEndPoint();
        var isSelf = local is IPEndPoint { Port: var port } && port == (_remote as IPEndPoint)?.Port &&
            !_loop.Calls.GetRemoteAddress(_descriptor, address).IsError && local.Equals(address.ToEndPoint());
        if (isSelf)
        {
            // Nobody listens, and the kernel chose that very port for this end: the SYN met its own socket (RFC 9293,
            // section 3.5, simultaneous open). The kernel is asked where it went: the address any stands for this host.
            throw SocketErrors.ToConnectException(Errno.ECONNREFUSED, _remote);
        }

        _registration.Dispose();
        var connection = new Connection(_loop, _endPoint, _descriptor, local, _remote);
        try
        {
            connection.Start();
        }
        catch
        {
            connection.Registration.Dispose();
            throw;
        }

        return connection;
    }

    private void Cancel(CancellationToken token)
    {
        if (TryEnd())
        {
            Fail(new OperationCanceledException(token));
        }
    }

    /// <summary>Whether the caller has to end the attempt. An event that is being looked at is waited for.</summary>
    private bool TryEnd()
    {
        lock (_gate)
        {
            return !_isOver && (_isOver = true);
        }
    }

    private void Fail(Exception reason)
    {
        _registration.Dispose();

        // To the peer it may be a connection already, and one that nobody wants has no orderly end. A SYN-ACK that
        // comes later is answered with RST, too.
        _loop.Calls.Abort(_descriptor);
        Complete(() => _completion.SetException(reason));
    }

    // On the thread pool: the caller goes on from there, and neither the loop nor whoever cancels waits for it.
    private void Complete(Action complete) => _loop.Queue(new Resumption(complete));
}
