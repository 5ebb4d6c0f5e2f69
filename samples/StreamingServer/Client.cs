using System.Net.Sockets;
using Kqueue.EventLoops;
using Samples.Common;

namespace StreamingServer;

/// <summary>One client: its number, and what it has said so far. Loop thread only.</summary>
internal sealed class Client(int number, Socket socket, EventLoop loop, Server server, int queueBytesMax)
    : LoopConnection(loop, socket)
{
    private readonly MessageBuffer _received = new();

    public int Number { get; } = number;

    /// <summary>Tells it something, or drops it when it does not read what it was told before.</summary>
    public void Tell(ReadOnlyMemory<byte> message)
    {
        Send(message);
        if (QueuedBytes > queueBytesMax && !IsClosed)
        {
            Console.Error.WriteLine($"client #{Number} is dropped: it does not read, {QueuedBytes} bytes wait for it.");
            Dispose();
            server.OnDisconnected(this);
        }
    }

    // One receive for each event, so that a client that says much takes turns with the others.
    protected override void OnReadable()
    {
        if (!TryReceive(_received.Free, out var count))
        {
            return;
        }

        _received.Add(count);
        while (!IsClosed && _received.TryTake(out var message))
        {
            server.OnMessage(this, message);
        }
    }

    protected override void OnLost(SocketError cause)
    {
        // What it said last, without a line end.
        if (_received.TakeRest() is { Length: > 0 } rest)
        {
            server.OnMessage(this, rest);
        }

        server.OnDisconnected(this);
    }
}
