using System.Net;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections;

/// <summary>
/// Makes connections of the descriptors that one listen socket accepts, each on the loop with the fewest. Under the
/// acceptor's lock.
/// </summary>
internal sealed class AcceptedConnections(
    ListenSocket socket, SocketCalls calls, EndPointLoops loops, ApplicationScheduling scheduling)
{
    private readonly SocketAddress _local = SocketCalls.CreateAddress();

    private readonly bool _isWildcard = socket.EndPoint is IPEndPoint { Address: var address } &&
        (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    /// <summary>The connection, receiving; null when its peer is gone already, and the descriptor with it.</summary>
    public Connection? Take(int descriptor, SocketAddress peer)
    {
        if (peer.Size == 0 && socket.EndPoint is IPEndPoint)
        {
            // macOS accepts a connection whose peer has reset it meanwhile with an address of length 0
            // (xnu uipc_syscalls.c, accept_nocancel).
            calls.Close(descriptor);
            return null;
        }

        if (socket.OptionsToSet is { } options)
        {
            // An error is the peer's end, which the first receive reports better.
            calls.Configure(descriptor, options);
        }

        var connection = new Connection(
            loops.LeastLoaded(), scheduling, descriptor, LocalEndPoint(descriptor), peer.ToEndPoint());
        connection.Start();
        return connection;
    }

    private EndPoint? LocalEndPoint(int descriptor)
    {
        if (!_isWildcard)
        {
            return socket.EndPoint;
        }

        var result = calls.GetLocalAddress(descriptor, _local);
        return result.IsError ? socket.EndPoint : _local.ToEndPoint();
    }
}
