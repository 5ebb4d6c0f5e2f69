using System.Net;
using Kqueue;
using Kqueue.EventLoops;
using Kqueue.Interop;
using KqueueTransport.Connections;
using KqueueTransport.Sockets;

namespace KqueueTransport.Outbound;

/// <summary>
/// One descriptor on its way to one address: it becomes a connection, or it is closed. Whichever of the kernel's
/// answer and the caller's cancellation comes first decides, once.
/// </summary>
internal sealed class ConnectAttempt : IEventHandler
{
    private readonly ConnectionSettings _settings;
    private readonly EndPoint _remote;
    private readonly int _descriptor;
    private readonly Registration _registration;

    // The caller goes on elsewhere: this is completed on the loop, or by whoever cancels, under the gate.
    private readonly TaskCompletionSource<Connection> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _gate = new();

    // Under _gate: the descriptor is a connection's, or closed.
    private bool _isOver;

    private ConnectAttempt(ConnectionSettings settings, EndPoint remote, int descriptor)
    {
        _settings = settings;
        _remote = remote;
        _descriptor = descriptor;
        _registration = settings.Loop.Register(descriptor, this);
    }

    /// <summary>Connects to one address.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">Refused, unreachable, or out of descriptors.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before it was connected.</exception>
    public static async Task<Connection> ConnectAsync(
        ConnectionSettings settings,
        EndPoint remote,
        SocketOptions options,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = settings.Calls.Connect(remote, options);
        if (started.IsError)
        {
            throw SocketErrors.ToConnectException(started.Error, remote);
        }

        var attempt = new ConnectAttempt(settings, remote, started.Value);
        attempt.Arm();
        await using (cancellationToken.UnsafeRegister(
            static (state, token) => ((ConnectAttempt)state!).End(new OperationCanceledException(token)), attempt))
        {
            return await attempt._completion.Task.ConfigureAwait(false);
        }
    }

    /// <summary>The kernel knows the outcome. On the loop.</summary>
    public void OnEvent(in KEvent kevent)
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var result = _settings.Calls.FinishConnect(_descriptor);
            if (result.IsError)
            {
                EndUnderGate(SocketErrors.ToConnectException(result.Error, _remote));
            }
            else if (IsConnected())
            {
                Hand();
            }
            else
            {
                Arm();
            }
        }
    }

    private void Arm()
    {
        var result = _registration.Arm(KEventFilter.Write, KEventFlags.OneShot);
        if (result.IsError)
        {
            End(SocketErrors.ToConnectException(result.Error, _remote));
        }
    }

    // No error yet is no proof: an event is a hint, and a socket that is still connecting has no error either.
    private bool IsConnected() =>
        _settings.Calls.GetRemoteAddress(_descriptor, SocketCalls.CreateAddress()).Error
            is not (Errno.ENOTCONN or Errno.EINVAL);

    /// <summary>The descriptor is a connection's from now on.</summary>
    private void Hand()
    {
        _isOver = true;
        _registration.Dispose();
        var local = SocketCalls.CreateAddress();
        var hasLocal = !_settings.Calls.GetLocalAddress(_descriptor, local).IsError;
        var connection = new Connection(
            _settings, _descriptor, hasLocal ? local.ToEndPoint() : null, _remote);
        connection.Start();
        _completion.SetResult(connection);
    }

    private void End(Exception reason)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                EndUnderGate(reason);
            }
        }
    }

    private void EndUnderGate(Exception reason)
    {
        _isOver = true;
        _registration.Dispose();
        _settings.Calls.Close(_descriptor);
        _completion.SetException(reason);
    }
}
