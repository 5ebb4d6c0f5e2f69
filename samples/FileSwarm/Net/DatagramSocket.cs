using System.Net;
using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;

namespace FileSwarm.Net;

/// <summary>
/// A UDP socket on the loop. What the kernel has no room for is lost, as on any network. Loop thread only.
/// </summary>
internal sealed class DatagramSocket : IEventHandler, IDisposable
{
    // So that a burst of all clients fits; the kernel cuts it to its own limit.
    private const int SocketBufferBytes = 4 * 1024 * 1024;

    private const int DatagramsPerTurn = 64;

    private readonly Socket _socket;
    private readonly Registration _registration;
    private readonly DatagramLoss _loss;
    private readonly Action<SocketAddress, ReadOnlyMemory<byte>> _onDatagram;
    private readonly SocketAddress _from;
    private readonly byte[] _buffer = new byte[ushort.MaxValue];
    private bool _isClosed;

    /// <param name="loop">Where events are dispatched.</param>
    /// <param name="endPoint">Where to bind; port 0 picks a free one.</param>
    /// <param name="loss">Which datagrams are not sent.</param>
    /// <param name="onDatagram">Called with the sender and the datagram, both valid during the call only.</param>
    public DatagramSocket(
        EventLoop loop,
        IPEndPoint endPoint,
        DatagramLoss loss,
        Action<SocketAddress, ReadOnlyMemory<byte>> onDatagram)
    {
        _loss = loss;
        _onDatagram = onDatagram;
        _from = new SocketAddress(endPoint.AddressFamily);
        _socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
        {
            Blocking = false,
            ReceiveBufferSize = SocketBufferBytes,
            SendBufferSize = SocketBufferBytes,
        };
        BindOrDispose(endPoint);
        _registration = loop.Register(_socket.Handle, this);
    }

    public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>Begins to receive.</summary>
    public void Start() => _registration.Arm(KEventFilter.Read, KEventFlags.None);

    public void Send(ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        if (_isClosed || _loss.ShouldDrop())
        {
            return;
        }

        try
        {
            _socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException)
        {
            // No room, or nobody there: lost on the way, for which the timers are there.
        }
    }

    public void OnEvent(in KEvent kevent)
    {
        // The event stands for one datagram at least; of what is behind it, the socket is asked, because a receive
        // in vain would be an exception.
        var left = DatagramsPerTurn;
        do
        {
            Receive();
        }
        while (--left > 0 && !_isClosed && _socket.Available > 0);
    }

    public void Dispose()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _registration.Dispose();
            _socket.Dispose();
        }
    }

    private void BindOrDispose(IPEndPoint endPoint)
    {
        try
        {
            _socket.Bind(endPoint);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    private void Receive()
    {
        if (_isClosed)
        {
            return;
        }

        int count;
        try
        {
            count = _socket.ReceiveFrom(_buffer, SocketFlags.None, _from);
        }
        catch (SocketException)
        {
            return; // A datagram with a bad checksum is gone, or an earlier one of ours did not arrive.
        }

        _onDatagram(_from, _buffer.AsMemory(0, count));
    }
}
