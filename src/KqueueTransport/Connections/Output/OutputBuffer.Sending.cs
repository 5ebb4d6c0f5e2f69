using Kqueue;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Output;

// The sends that empty it.
internal partial struct OutputBuffer
{
    // What one send takes of the application's memory: as much as of blocks. The kernel would go on while the peer
    // reads, and the loop has others to serve.
    private const int BorrowedBytesPerSend = PinnedBlocks.CountMax * BlockBytesMax;

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
        var first = FirstUnsent();
        long offered;
        KernelResult result;
        if (first.Length == Unsent || InSegments == 0)
        {
            offered = first.Length;
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
            result = GatherSend(calls, descriptor, first, gate, out offered);
        }

        isShort = result.IsError || result.Value < offered;
        if (!result.IsError)
        {
            SentInARow += result.Value;
            RemoveSent(result.Value);
        }

        return result;
    }

    private readonly long InSegments => Unsent - _borrowed.Length;

    private readonly ReadOnlyMemory<byte> FirstBorrowed => AtMost(_borrowed, BorrowedBytesPerSend);

    private ReadOnlyMemory<byte> FirstUnsent()
    {
        if (InSegments == 0)
        {
            return FirstBorrowed;
        }

        var head = _segments.Head!;
        while (head.End == head.Start)
        {
            _segments.RemoveHead();
            head = _segments.Head!;
        }

        return AtMost(head.Memory[head.Start..], InSegments);
    }

    private readonly KernelResult GatherSend(
        SocketCalls calls, int descriptor, ReadOnlyMemory<byte> first, object gate, out long offered)
    {
        using var pinned = new PinnedBlocks();
        offered = 0;
        var segment = _segments.Head!;
        var part = first;
        while (true)
        {
            pinned.Add(part);
            offered += part.Length;
            if (offered == Unsent || pinned.Count == PinnedBlocks.CountMax)
            {
                break;
            }

            if (offered == InSegments)
            {
                pinned.Add(FirstBorrowed);
                offered += FirstBorrowed.Length;
                break;
            }

            segment = segment.NextSegment!;
            part = AtMost(segment.Memory, InSegments - offered);
        }

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

    private static ReadOnlyMemory<byte> AtMost(ReadOnlyMemory<byte> memory, long length) =>
        memory.Length > length ? memory[..(int)length] : memory;

    private void RemoveSent(int sent)
    {
        var borrowed = (int)Math.Max(sent - InSegments, 0);
        Unsent -= sent;
        _borrowed = _borrowed[borrowed..];
        sent -= borrowed;
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
