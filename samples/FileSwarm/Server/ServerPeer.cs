using System.Net;
using System.Net.Sockets;
using FileSwarm.Net;
using FileSwarm.Wire;
using Kqueue.EventLoops;

namespace FileSwarm.Server;

/// <summary>A connection to the server, from before it has said hello. Loop thread only.</summary>
internal sealed class ServerPeer : ILinkOwner
{
    private readonly ServerHost _host;
    private readonly IPEndPoint _endPoint;
    private bool _hasReportedMalformed;

    public ServerPeer(ServerHost host, EventLoop loop, Socket socket, int chunkBytes)
    {
        _host = host;
        _endPoint = (IPEndPoint)socket.RemoteEndPoint!;
        Stream = new StreamLink(loop, socket, this, chunkBytes);
    }

    public StreamLink Stream { get; }

    public IPAddress Address => _endPoint.Address;

    /// <summary>Null until it has joined.</summary>
    public Session? Session { get; set; }

    public void OnMessage(MessageHeader header, ReadOnlyMemory<byte> frame)
    {
        if (Session is not null)
        {
            _host.OnMessage(Session, header, frame);
        }
        else if (header.Kind == MessageKind.Hello)
        {
            _host.Join(this, header);
        }
        else
        {
            Drop($"has sent a {header.Kind} message before hello");
        }
    }

    /// <summary>Said once for each peer: whoever sends one such datagram can send millions.</summary>
    public void OnMalformedDatagram(string reason)
    {
        if (!_hasReportedMalformed)
        {
            _hasReportedMalformed = true;
            _host.Log($"{this} has sent {reason}; it is ignored, and so are others of that kind.");
        }
    }

    public void OnLost(string reason)
    {
        if (Session is null)
        {
            _host.Log($"{this} {reason}.");
        }

        _host.OnLost(this, reason);
    }

    public void Drop(string reason)
    {
        Stream.Dispose();
        OnLost(reason);
    }

    public override string ToString() => Session is null ? $"{_endPoint}" : $"{Session}";
}
