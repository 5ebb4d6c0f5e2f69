using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Benchmarks;

/// <summary>Both ends of a connection over loopback.</summary>
internal sealed class LoopbackPair : IDisposable
{
    public LoopbackPair()
    {
        using var listen = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listen.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listen.Listen();
        Peer.Connect(listen.LocalEndPoint!);
        Near = listen.Accept();
        (Near.NoDelay, Near.Blocking) = (true, false);
    }

    /// <summary>The end that is watched; non-blocking.</summary>
    public Socket Near { get; }

    /// <summary>The other end, which blocks.</summary>
    public Socket Peer { get; } =
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public void Dispose()
    {
        Near.Dispose();
        Peer.Dispose();
    }
}
