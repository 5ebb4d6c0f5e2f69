using System.IO.Pipelines;
using System.Net.Sockets;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>An accepted connection of a transport; the peer is a plain socket on loopback.</summary>
public sealed class ConnectionDuplex(ConnectionContext connection, Socket peer, Func<ValueTask> closeListener) : Duplex
{
    public ConnectionContext Connection => connection;

    public override PipeReader Input => connection.Transport.Input;

    public override PipeWriter Output => connection.Transport.Output;

    public override Peer Peer { get; } = new SocketPeer(peer);

    public override void Abort() => connection.Abort(new ConnectionAbortedException());

    public override async ValueTask DisposeAsync()
    {
        // The peer goes first: a transport may wait for it to take what is still unsent.
        peer.Dispose();
        await connection.DisposeAsync();
        await closeListener();
    }
}
