using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;

namespace Samples.Common;

/// <summary>Accepts connections on the loop, one per event, and hands them on non-blocking.</summary>
public sealed class Listener : IEventHandler, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly Registration _registration;
    private readonly Action<Socket> _onConnected;
    private readonly EventLoop _loop;

    /// <summary>Binds and listens; <see cref="Start"/> accepts.</summary>
    /// <param name="loop">Where events are dispatched.</param>
    /// <param name="endPoint">Where to listen; port 0 picks a free one.</param>
    /// <param name="onConnected">Called on the loop with each connection, which is then its owner's.</param>
    /// <exception cref="SocketException">The address is taken, or not this machine's.</exception>
    public Listener(EventLoop loop, IPEndPoint endPoint, Action<Socket> onConnected)
    {
        _loop = loop;
        _onConnected = onConnected;
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        _socket.Bind(endPoint);
        _socket.Listen();
        _registration = loop.Register(_socket.Handle, this);
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _socket.LocalEndPoint!;

    /// <summary>Begins to accept. Level-triggered: what waits behind one connection is reported again.</summary>
    public void Start() => _registration.Arm(KEventFilter.Read, KEventFlags.None);

    /// <inheritdoc/>
    public void OnEvent(in KEvent kevent)
    {
        Socket socket;
        try
        {
            socket = _socket.Accept();
        }
        catch (SocketException e)
        {
            OnFailed(e);
            return;
        }

        socket.Blocking = false;
        socket.NoDelay = true;
        _onConnected(socket);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _socket.Dispose();
    }

    // The peer may be gone again, which is none of our business. When descriptors have run out the connection stays
    // where it is and would be reported again at once: look again after a pause.
    private void OnFailed(SocketException e)
    {
        if (e.SocketErrorCode is SocketError.WouldBlock or SocketError.ConnectionAborted)
        {
            return;
        }

        Console.Error.WriteLine($"no connection can be accepted at the moment: {e.Message}");
        _registration.Disarm(KEventFilter.Read);
        _loop.Schedule(s_pause, _ => Start(), null);
    }
}
