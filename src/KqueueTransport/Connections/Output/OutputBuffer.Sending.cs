using Kqueue;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Output;

// The sends that empty it.
internal partial struct OutputBuffer
{
    // What one send takes, of the application's memory as of blocks. The kernel would go on while the peer reads, and
    // the loop has others to serve.
    private const int BytesPerSendMax = PinnedBlocks.CountMax * BlockBytesMax;

    /// <summary>
    /// Sends once, from one piece of memory or from many, and removes what the kernel took. Nobody else may send or
    /// drop meanwhile, but the application goes on writing.
    /// </summary>
    /// <param name="calls">The kernel.</param>
    /// <param name="descriptor">The connection.</param>
    /// <param name="gate">The lock, which is left for the call.</param>
    /// <param name="isShort">The kernel took less than it was given: the socket is full.</param>
    public KernelResult Send(SocketCalls calls, int descriptor, object gate, out bool isShort)
    {
        var offered = (int)Math.Min(Unsent, BytesPerSendMax);
        var first = PartOf(FirstUnsent(), offered);
        KernelResult result;
        if (first.Length == offered)
        {
            Monitor.Exit(gate);
            try
            {
                result = calls.Send(descriptor, first.Span);
            }
            finally
            {
                Monitor.Enter(gate);
            }
        }
        else
        {
            result = GatherSend(calls, descriptor, gate, ref offered);
        }

        isShort = result.IsError || result.Value < offered;
        if (!result.IsError)
        {
            SentInARow += result.Value;
            RemoveSent(result.Value);
        }

        return result;
    }

    private BufferSegment FirstUnsent()
    {
        while (_segments.Head!.End == _segments.Head.Start)
        {
            _segments.RemoveHead();
        }

        return _segments.Head;
    }

    private readonly KernelResult GatherSend(SocketCalls calls, int descriptor, object gate, ref int offered)
    {
        using var pinned = new PinnedBlocks();
        var left = offered;
        for (var segment = _segments.Head!; left > 0 && pinned.Count < PinnedBlocks.CountMax;)
        {
            var part = PartOf(segment, left);
            pinned.Add(part);
            left -= part.Length;
            segment = segment.NextSegment!;
        }

        offered -= left;

        Monitor.Exit(gate);
        try
        {
            return calls.Send(descriptor, pinned.Vectors);
        }
        finally
        {
            Monitor.Enter(gate);
        }
    }

    private static ReadOnlyMemory<byte> PartOf(BufferSegment segment, int bytesMax) =>
        segment.Memory.Slice(segment.Start, Math.Min(segment.End - segment.Start, bytesMax));

    private void RemoveSent(int sent)
    {
        Unsent -= sent;
        if (ReleaseIfEmpty())
        {
            return;
        }

        while (sent > 0)
        {
            var head = _segments.Head!;
            var left = head.End - head.Start;
            if (sent < left || head == _segments.Tail)
            {
                head.Start += sent;
                return;
            }

            sent -= left;
            _segments.RemoveHead();
        }
    }
}
