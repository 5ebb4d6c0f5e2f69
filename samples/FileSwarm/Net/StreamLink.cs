using System.Net.Sockets;
using FileSwarm.Wire;
using Kqueue.EventLoops;
using Samples.Common;

namespace FileSwarm.Net;

/// <summary>Messages over a TCP connection. Loop thread only.</summary>
internal sealed class StreamLink(EventLoop loop, Socket socket, ILinkOwner owner, int payloadBytesMax)
    : LoopConnection(loop, socket), ILink
{
    private const int QueuedMessagesMax = 64;

    // A peer that sends much takes turns with the others.
    private const int BytesPerTurn = 256 * 1024;

    // One frame and the header of the next: then a receive ends with a header, and what has to be moved is short.
    private byte[] _received = new byte[4096];
    private int _receivedCount;

    public bool IsCongested => QueuedMessages >= QueuedMessagesMax;

    protected override void OnReadable()
    {
        for (var total = 0; total < BytesPerTurn && !IsClosed;)
        {
            var free = _received.AsSpan(_receivedCount);
            if (!TryReceive(free, out var count))
            {
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

    protected override void OnLost(SocketError cause) => owner.OnLost(cause switch
    {
        SocketError.Success => "has closed the connection",
        SocketError.ConnectionRefused => "is not there: it refuses the connection",
        SocketError.ConnectionReset => "has vanished: it has reset the connection",
        _ => $"is lost: {cause}",
    });

    private void TakeFrames()
    {
        var start = 0;
        while (!IsClosed && _receivedCount - start >= MessageCodec.HeaderBytes)
        {
            var error = MessageCodec.ReadHeader(_received.AsSpan(start), payloadBytesMax, out var header);
            if (error is not null)
            {
                Dispose();
                owner.OnLost($"has sent {error}");
                return;
            }

            var length = MessageCodec.HeaderBytes + header.PayloadLength;
            if (_receivedCount - start < length)
            {
                MakeRoom(start, length);
                return;
            }

            owner.OnMessage(header, _received.AsMemory(start, length));
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
}
