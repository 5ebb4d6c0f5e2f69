using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;

namespace StreamingServer;

/// <summary>
/// One client: its socket, what it has said so far and what waits to be sent to it. Loop thread only.
/// </summary>
internal sealed class Client : IEventHandler
{
    private readonly Socket _socket;
    private readonly Server _server;
    private readonly int _queueBytesMax;
    private readonly Registration _registration;
    private readonly MessageBuffer _received = new();

    // Messages are shared by all clients that they go to; only the place in the first one is this client's own.
    private readonly Queue<ReadOnlyMemory<byte>> _queue = new();
    private int _sentOfFirst;
    private int _queuedBytes;
    private bool _isClosed;

    public Client(int number, Socket socket, EventLoop loop, Server server, int queueBytesMax)
    {
        Number = number;
        _socket = socket;
        _server = server;
        _queueBytesMax = queueBytesMax;
        _registration = loop.Register(socket.Handle, this);
    }

    public int Number { get; }

    /// <summary>Level-triggered, so that a client that says much gets one receive per turn, like the others.</summary>
    public void Start() => Arm(KEventFilter.Read, KEventFlags.None);

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
            Receive();
        }
    }

    /// <summary>Sends at once what the socket takes and queues the rest. Drops a client whose queue is full.</summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (_isClosed)
        {
            return;
        }

        _queue.Enqueue(message);
        _queuedBytes += message.Length;
        if (_queue.Count == 1)
        {
            SendQueued();
        }

        if (_queuedBytes > _queueBytesMax && !_isClosed)
        {
            Console.Error.WriteLine($"client #{Number} is dropped: it does not read, {_queuedBytes} bytes wait for it.");
            Close();
        }
    }

    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            _registration.Dispose();
            _socket.Dispose();
            _server.OnDisconnected(this);
        }
    }

    private void Receive()
    {
        var count = _socket.Receive(_received.Free, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return;
        }

        _received.Add(count);
        while (!_isClosed && _received.TryTake(out var message))
        {
            _server.OnMessage(this, message);
        }

        if (count == 0)
        {
            TakeLastWords();
            Close();
        }
    }

    // What a client said before it left, without a line end.
    private void TakeLastWords()
    {
        if (_received.TakeRest() is { Length: > 0 } rest)
        {
            _server.OnMessage(this, rest);
        }
    }

    private void SendQueued()
    {
        while (_queue.TryPeek(out var next))
        {
            var sent = _socket.Send(next.Span[_sentOfFirst..], SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                Arm(KEventFilter.Write, KEventFlags.OneShot);
                return;
            }

            if (error != SocketError.Success)
            {
                Close();
                return;
            }

            _queuedBytes -= sent;
            _sentOfFirst += sent;
            if (_sentOfFirst == next.Length)
            {
                _queue.Dequeue();
                _sentOfFirst = 0;
            }
        }
    }

    private void Arm(KEventFilter filter, KEventFlags mode)
    {
        if (_registration.Arm(filter, mode).IsError)
        {
            Close();
        }
    }
}
