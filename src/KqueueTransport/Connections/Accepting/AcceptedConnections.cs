using System.Net;
using KqueueTransport.Connections.Contexts;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Makes connections of the descriptors that one listen socket accepts, and deals them to the loops. Under the
/// acceptor's lock.
/// </summary>
internal sealed class AcceptedConnections(
    ListenSocket socket, TransportLoops loops, EndPointContext endPoint, AcceptLimits? limits = null)
{
    private readonly SocketCalls _calls = loops.Calls;
    private readonly SocketAddress _local = SocketCalls.CreateAddress();

    // The last local address and its end point: clients come to few addresses of a machine, if not to one.
    private readonly SocketAddress _lastLocal = SocketCalls.CreateAddress();
    private EndPoint? _lastLocalEndPoint;

    private readonly bool _isWildcard = socket.EndPoint is IPEndPoint { Address: var address } &&
        (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    /// <summary>The connection, receiving; null when its peer is gone already, and the descriptor with it.</summary>
    public Connection? Take(int descriptor, SocketAddress peer)
    {
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
        limits?.Add(connection, peer);
        try
        {
            connection.Start();
        }
        catch (OutOfMemoryException)
        {
            // It has no event to end by.
            limits?.Remove(connection);
            throw;
        }

        return connection;
    }

    private EndPoint? LocalEndPoint(int descriptor)
    {
        if (!_isWildcard)
        {
            return socket.EndPoint;
        }

        if (_calls.GetLocalAddress(descriptor, _local).IsError)
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
