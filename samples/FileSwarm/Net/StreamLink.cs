using System.Net;
using System.Net.Sockets;
using FileSwarm.Wire;
using Kqueue;
using Kqueue.EventLoops;

namespace FileSwarm.Net;

/// <summary>Messages over a TCP connection. Loop thread only.</summary>
internal sealed class StreamLink : ILink, IEventHandler
{
    private const int QueuedFramesMax = 64;

    // A peer that sends much takes turns with the others: level-triggered, what is left is reported again.
    private const int BytesPerTurn = 256 * 1024;

    private readonly Socket _socket;
    private readonly ILinkOwner _owner;
    private readonly int _payloadBytesMax;
    private readonly Registration _registration;

    // Frames are shared by all links that send them; only the place in the first one is this link's own.
    private readonly Queue<ReadOnlyMemory<byte>> _queue = new();
    private int _sentOfFirst;

    // One frame and the header of the next: then a receive ends with a header, and what has to be moved is short.
    private byte[] _received = new byte[4096];
    private int _receivedCount;
    private bool _isClosed;

    public StreamLink(EventLoop loop, Socket socket, ILinkOwner owner, int payloadBytesMax)
    {
        _socket = socket;
        _owner = owner;
        _payloadBytesMax = payloadBytesMax;
        _registration = loop.Register(socket.Handle, this);
    }

    public bool IsCongested => _queue.Count >= QueuedFramesMax;

    public IPEndPoint RemoteEndPoint => (IPEndPoint)_socket.RemoteEndPoint!;

    /// <summary>Begins to receive.</summary>
    public void Start() => Arm(KEventFilter.Read, KEventFlags.None);

    public void Send(ReadOnlyMemory<byte> frame)
    {
        if (_isClosed)
        {
            return;
        }

        _queue.Enqueue(frame);
        if (_queue.Count == 1)
        {
            SendQueued();
        }
    }

    public void OnEvent(in KEvent kevent)
    {
        if (_isClosed)
        {
            return;
        }

        if (kevent.Filter == KEventFilter.Write)
        {
            SendQueued();
        }
        else
        {
            ReceiveSome();
        }
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

    private void SendQueued()
    {
        while (_queue.TryPeek(out var frame))
        {
            var sent = _socket.Send(frame.Span[_sentOfFirst..], SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                OnSendFailed(error);
                return;
            }

            _sentOfFirst += sent;
            if (_sentOfFirst == frame.Length)
            {
                _queue.Dequeue();
                _sentOfFirst = 0;
            }
        }
    }

    private void OnSendFailed(SocketError error)
    {
        // Also while the connection is still being made.
        if (error is SocketError.WouldBlock or SocketError.NotConnected)
        {
            Arm(KEventFilter.Write, KEventFlags.OneShot);
        }
        else
        {
            Lose(ReasonOf(error));
        }
    }

    private void ReceiveSome()
    {
        for (var total = 0; total < BytesPerTurn && !_isClosed;)
        {
            var free = _received.AsSpan(_receivedCount);
            var count = _socket.Receive(free, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (count == 0)
            {
                Lose(ReasonOf(error));
                return;
            }

            total += count;
            _receivedCount += count;
            TakeFrames();
            if (count < free.Length)
            {
                return; // Drained.
            }
        }
    }

    private static string ReasonOf(SocketError error) => error switch
    {
        SocketError.Success => "has closed the connection",
        SocketError.ConnectionRefused => "is not there: it refuses the connection",
        SocketError.ConnectionReset => "has vanished: it has reset the connection",
        _ => $"is lost: {error}",
    };

    private void TakeFrames()
    {
        var start = 0;
        while (!_isClosed && _receivedCount - start >= MessageCodec.HeaderBytes)
        {
            var error = MessageCodec.ReadHeader(_received.AsSpan(start), _payloadBytesMax, out var header);
            if (error is not null)
            {
                Lose($"has sent {error}");
                return;
            }

            var length = MessageCodec.HeaderBytes + header.PayloadLength;
            if (_receivedCount - start < length)
            {
                MakeRoom(start, length);
                return;
            }

            _owner.OnMessage(header, _received.AsMemory(start, length));
            start += length;
        }

        MakeRoom(start, 0);
    }

    /// <summary>Moves what is not taken yet to the front, and grows for a frame that does not fit.</summary>
    private void MakeRoom(int start, int frameBytes)
    {
        var capacity = Math.Max(_received.Length, frameBytes + MessageCodec.HeaderBytes);
        var target = capacity == _received.Length ? _received : new byte[capacity];
        _received.AsSpan(start, _receivedCount - start).CopyTo(target);
        _received = target;
        _receivedCount -= start;
    }

    private void Arm(KEventFilter filter, KEventFlags mode)
    {
        var error = _registration.Arm(filter, mode);
        if (error.IsError)
        {
            Lose($"cannot be watched: {error.Error}");
        }
    }

    private void Lose(string reason)
    {
        if (!_isClosed)
        {
            Dispose();
            _owner.OnLost(reason);
        }
    }
}
