using System.Net;
using Kqueue;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Diagnostics;
using KqueueTransport.Diagnostics.Metrics;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Accepts the connections of one listen socket, one by one, and deals them to the loops. Under the acceptor's lock.
/// </summary>
internal sealed class AcceptedConnections(
    ListenSocket socket, TransportLoops loops, EndPointContext endPoint, AcceptLimits? limits = null)
{
    private readonly SocketCalls _calls = loops.Calls;
    private readonly ListenerStatistics _statistics = endPoint.Statistics;
    private readonly SocketAddress _peer = SocketCalls.CreateAddress();
    private readonly SocketAddress _local = SocketCalls.CreateAddress();

    // The last local address and its end point: clients come to few addresses of a machine, if not to one.
    private readonly SocketAddress _lastLocal = SocketCalls.CreateAddress();
    private EndPoint? _lastLocalEndPoint;

    private readonly bool _isWildcard = socket.EndPoint is IPEndPoint { Address: var address } &&
        (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    /// <summary>
    /// Accepts a connection. The result is its descriptor, whatever has become of it, or why there is none.
    /// </summary>
    /// <param name="connection">
    /// The connection, receiving; null where its peer has given up, or a limit refuses it.
    /// </param>
    public KernelResult TryAccept(out Connection? connection)
    {
        connection = null;
        var accepted = KernelResult.Failure(Errno.ENOMEM);
        try
        {
            accepted = _calls.Accept(socket.Descriptor, _peer);
            if (!accepted.IsError)
            {
                connection = Take(accepted.Value, _peer);
            }
        }
        catch (Exception exception)
        {
            if (!accepted.IsError)
            {
                _calls.Abort(accepted.Value);
            }

            if (exception is not OutOfMemoryException)
            {
                throw;
            }

            // As if the kernel had none: it is tried again later. The edge that led here has been taken.
            accepted = KernelResult.Failure(Errno.ENOMEM);
        }

        if (accepted is { IsError: true, Error: not Errno.EAGAIN })
        {
            _statistics.CountError(accepted.Error);
        }

        return accepted;
    }

    /// <summary>Resets connections that wait in the kernel's queue, so that their peers are told.</summary>
    public void Refuse(int max)
    {
        for (var refusals = 0; refusals < max; refusals++)
        {
            var accepted = _calls.Accept(socket.Descriptor, _peer);
            if (accepted.IsError)
            {
                return;
            }

            _calls.Abort(accepted.Value);
            _statistics.CountRefusal(ListenerLimit.Descriptors);
        }
    }

    /// <summary>Makes a connection of a descriptor; null where there is none to be made, and closes it then.</summary>
    public Connection? Take(int descriptor, SocketAddress peer)
    {
        if (limits?.Refuses(peer) ?? false)
        {
            _calls.Abort(descriptor);
            return null;
        }

        _statistics.CountAccept();
        if (peer.Size == 0 && socket.EndPoint is IPEndPoint)
        {
            // macOS accepts a connection whose peer has reset it meanwhile with an address of length 0
            // (xnu uipc_syscalls.c, accept_nocancel).
            _calls.Close(descriptor);
            return null;
        }

        if (socket.OptionsToSet is { } options)
        {
            // An error is the peer's end, which the first receive reports better.
            _calls.Configure(descriptor, options);
        }

        var (loop, local) = (loops.LessLoaded(), LocalEndPoint(descriptor));
        var connection = IPv4Peer.TryParse(peer, out var remote)
            ? new Connection(loop, endPoint, descriptor, local, remote)
            : new Connection(loop, endPoint, descriptor, local, peer.ToEndPoint());
        try
        {
            limits?.Add(connection, peer);
            connection.Start();
        }
        catch
        {
            // It has no event to end by.
            connection.Registration.Dispose();
            limits?.Remove(connection);
            throw;
        }

        return connection;
    }

    private EndPoint? LocalEndPoint(int descriptor)
    {
        if (!_isWildcard || _calls.GetLocalAddress(descriptor, _local).IsError)
        {
            return socket.EndPoint;
        }

        if (!_local.Equals(_lastLocal))
        {
            _lastLocalEndPoint = _local.ToEndPoint();
            _local.Buffer.CopyTo(_lastLocal.Buffer);
            _lastLocal.Size = _local.Size;
        }

        return _lastLocalEndPoint;
    }
}
