using System.Buffers;
using Kqueue;
using KqueueTransport.Connections.Buffers;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Input;

/// <summary>
/// What a connection has received and the application has not consumed: pooled segments, and the receives that fill
/// them without a copy. Used under the reader's lock, except where it says otherwise.
/// </summary>
internal struct InputBuffer
{
    /// <summary>More than any receive brings: not a number of bytes.</summary>
    public const int AnnouncedUnknown = int.MaxValue;

    // Less free space than this at the end of the tail is not worth a receive.
    private const int ReceiveBytesMin = BlockPool.UsualBytes / 2;

    // Blocks that one receive fills at most: 64 KiB with Kestrel's 4 KiB blocks.
    private const int BlocksPerReceiveMax = 16;

    private SegmentQueue _segments;

    // What is here is what a read asks for, at most two gigabytes, and what the kernel had beyond.
    private uint _unexamined;

    // 0 is as good as 1.
    private int _blocksPerReceive;

    /// <summary>Whether bytes are here that the application has not examined.</summary>
    public readonly bool HasUnexamined => _unexamined != 0;

    /// <summary>How many bytes were received since the loop last served others, which its owner notes.</summary>
    public int ReceivedInARow { get; set; }

    /// <summary>
    /// How many bytes events have announced, which its owner notes, and no receive has brought; none once a receive
    /// has found nothing.
    /// </summary>
    public int Announced { get; set; }

    /// <summary>How many bytes are here.</summary>
    public readonly long Length => End - Consumed;

    public readonly ReadOnlySequence<byte> Sequence => _segments.Head is { } head
        ? new ReadOnlySequence<byte>(head, head.Start, _segments.Tail!, _segments.Tail!.End)
        : default;

    // Positions count from what came first after nothing was here.
    private readonly long Consumed => _segments.Head is { } head ? head.RunningIndex + head.Start : 0;

    private readonly long End => _segments.Tail is { } tail ? tail.RunningIndex + tail.End : 0;

    /// <summary>Gives back what is consumed.</summary>
    /// <param name="stream">What <see cref="Receive"/> was given.</param>
    /// <param name="consumed">Up to where the application has done with it.</param>
    /// <param name="examined">Up to where it has seen it.</param>
    /// <exception cref="InvalidOperationException">The positions are out of order or not of this buffer.</exception>
    public void AdvanceTo(object stream, SequencePosition consumed, SequencePosition examined)
    {
        var consumedTo = PositionIn(stream, consumed, Consumed);
        var examinedTo = PositionIn(stream, examined, Math.Max(End - _unexamined, consumedTo));
        if (consumedTo < Consumed || consumedTo > examinedTo || examinedTo > End)
        {
            PipeErrors.ThrowInvalidPosition();
        }

        _unexamined = (uint)Math.Min(_unexamined, End - examinedTo);
        Consume(consumedTo);
    }

    /// <summary>Consumes all that is here.</summary>
    public void Clear()
    {
        _segments.Clear();
        _unexamined = 0;
    }

    /// <summary>
    /// Receives once: into the room behind what is here, or, while receives come back full, into several new blocks.
    /// </summary>
    /// <param name="stream">Whose positions they are: the owner, always the same.</param>
    /// <param name="calls">The kernel.</param>
    /// <param name="descriptor">The connection.</param>
    /// <param name="pool">Where blocks come from.</param>
    /// <param name="isShort">The kernel had less than there was room for.</param>
    /// <returns>How many bytes came; 0 is the peer's end.</returns>
    public KernelResult Receive(object stream, SocketCalls calls, int descriptor, BlockPool pool, out bool isShort)
    {
        var result = _blocksPerReceive > 1
            ? ReceiveIntoBlocks(stream, calls, descriptor, pool, out var capacity)
            : ReceiveIntoTail(stream, calls, descriptor, pool, out capacity);
        var received = result.IsError ? 0 : result.Value;
        isShort = received < capacity;
        _blocksPerReceive = received == 0 ? 1
            : isShort ? Math.Max(1, _blocksPerReceive / 2)
            : Math.Clamp(_blocksPerReceive * 2, 2, BlocksPerReceiveMax);
        ReceivedInARow += received;
        Announced = received == 0 ? 0
            : Announced == AnnouncedUnknown ? AnnouncedUnknown
            : Math.Max(0, Announced - received);
        _unexamined += (uint)received;
        ReturnEmptyTail();
        return result;
    }

    private KernelResult ReceiveIntoTail(
        object stream, SocketCalls calls, int descriptor, BlockPool pool, out int capacity)
    {
        var tail = _segments.Tail is { } last && last.Free.Length >= ReceiveBytesMin
            ? last
            : _segments.Append(pool, stream, sizeHint: 0, End);
        var free = tail.Free.Span;
        capacity = free.Length;
        var result = calls.Receive(descriptor, free);
        if (!result.IsError)
        {
            tail.End += result.Value;
        }

        return result;
    }

    private KernelResult ReceiveIntoBlocks(
        object stream, SocketCalls calls, int descriptor, BlockPool pool, out int capacity)
    {
        var first = _segments.Append(pool, stream, sizeHint: 0, End);
        var received = 0;
        try
        {
            var result = ReceiveIntoBlocks(stream, calls, descriptor, pool, first, out capacity);
            received = result.IsError ? 0 : result.Value;
            return result;
        }
        finally
        {
            // Not while they are pinned: some go back to their pool. Those that were rented before the pool had no more
            // would be a hole in the stream.
            FillBlocks(first, received);
        }
    }

    private KernelResult ReceiveIntoBlocks(
        object stream, SocketCalls calls, int descriptor, BlockPool pool, BufferSegment first, out int capacity)
    {
        using var pinned = new PinnedBlocks();
        capacity = 0;
        var segment = first;
        while (true)
        {
            pinned.Add(segment.Free);
            capacity += segment.Free.Length;
            if (pinned.Count == _blocksPerReceive)
            {
                return calls.Receive(descriptor, pinned.Vectors);
            }

            segment = _segments.Append(pool, stream, sizeHint: 0, first.RunningIndex + capacity);
        }
    }

    /// <summary>Spreads the received bytes over the blocks they went into, and gives the untouched ones back.</summary>
    private void FillBlocks(BufferSegment first, int received)
    {
        var segment = first;
        segment.End = Math.Min(received, segment.Free.Length);
        for (var left = received - segment.End; left > 0; left -= segment.End)
        {
            segment = segment.NextSegment!;
            segment.End = Math.Min(left, segment.Free.Length);
        }

        _segments.RemoveAfter(segment);
    }

    private void ReturnEmptyTail()
    {
        // An empty block after a receive that brought nothing: the only one, because others hold bytes.
        if (Length == 0)
        {
            Clear();
        }
    }

    private void Consume(long position)
    {
        var head = _segments.Head;
        while (head is not null && head.RunningIndex + head.End <= position)
        {
            _segments.RemoveHead();
            head = _segments.Head;
        }

        head?.Start = (int)(position - head.RunningIndex);
    }

    private static long PositionIn(object stream, SequencePosition position, long none) =>
        (BufferSegment?)position.GetObject() is { } segment ? segment.PositionIn(stream, position.GetInteger()) : none;
}
