using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using Kqueue.Interop;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections;

/// <summary>
/// The input of a connection: a pipe reader straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// READ is armed once, edge-triggered. An event that finds a pending read receives on the loop and resumes the
/// application; one that finds none only leaves a mark, and the next read receives by itself. So bytes that nobody
/// asked for stay in the kernel, whose window is the back-pressure.
/// </remarks>
internal sealed class ConnectionReader : PipeReader, IValueTaskSource<ReadResult>, IThreadPoolWorkItem, IWatchedHandler
{
    // Less free space than this at the end of the tail is not worth a receive: half of Kestrel's block.
    private const int MinReceiveBytes = 2048;

    // Blocks that one receive fills at most: 64 KiB with Kestrel's 4 KiB blocks.
    private const int BlocksPerReceiveMax = 16;

    // What one connection may receive in a row before its loop serves the others.
    private const int ReceiveInARowBytesMax = 256 * 1024;

    private readonly Connection _connection;
    private readonly ConnectionSettings _settings;
    private readonly Lock _gate = new();

    // Everything below is under _gate, except where it says otherwise.
    private SegmentQueue _segments;
    private PendingOperation _read;
    private int _headIndex;

    // Positions in the whole stream: what was consumed, what was examined, what was received.
    private long _consumed;
    private long _examined;
    private long _end;

    private ReaderFlags _flags;
    private Exception? _error;
    private int _blocksPerReceive = 1;
    private int _receivedInARow;

    // Not under _gate: whoever ends the pending read off the loop uses it, and there is one pending read at a time.
    private Resumption? _resumption;

    public ConnectionReader(Connection connection, ConnectionSettings settings)
    {
        _connection = connection;
        _settings = settings;
        _segments = new SegmentQueue(settings.MemoryPool);
    }

    [Flags]
    private enum ReaderFlags
    {
        None = 0,

        /// <summary>A result is out and AdvanceTo has not been called.</summary>
        Reading = 1,

        /// <summary>CancelPendingRead was called and no result has said so yet.</summary>
        Canceled = 2,

        /// <summary>The application has completed the reader.</summary>
        Completed = 4,

        /// <summary>The stream has ended: nothing is received any more, and the descriptor may be closed.</summary>
        Ended = 8,

        /// <summary>The kernel said that there is something, and no receive has come back short since.</summary>
        Readable = 16,

        /// <summary>The kernel said EOF: a short receive is no sign of being drained, the end comes after it.</summary>
        EofAnnounced = 32,

        /// <summary>The end has to be told to the connection, once the lock is left.</summary>
        EndUnreported = 64,

        /// <summary>The first read was asked for, so that the connection moves, or has moved, to its loop.</summary>
        Started = 128,

        /// <summary>
        /// A canceled result is out, or a try found nothing. AdvanceTo may follow, but so may the next read: Kestrel
        /// reads on without it when it stops while the application reads from an upgraded connection.
        /// </summary>
        ReadingTentatively = 256,
    }

    /// <summary>
    /// Whether bytes are here that the application has not consumed. A hint, without the lock: the writer asks whether
    /// another flush will follow soon.
    /// </summary>
    public bool HasUnconsumedBytes => Volatile.Read(ref _end) != Volatile.Read(ref _consumed);

    /// <summary>Whether the application or the stream has ended the input.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
            {
                return (_flags & (ReaderFlags.Completed | ReaderFlags.Ended)) != 0;
            }
        }
    }

    /// <summary>Whether the kernel may have bytes that nobody has received.</summary>
    public bool HasUnreceived
    {
        get
        {
            lock (_gate)
            {
                return Has(ReaderFlags.Readable);
            }
        }
    }

    /// <summary>Whether the peer's FIN has come, and everything before it has been received.</summary>
    public bool HasReceivedAll
    {
        get
        {
            lock (_gate)
            {
                return Has(ReaderFlags.Ended) && _error is null && !Has(ReaderFlags.Readable);
            }
        }
    }

    private bool HasUnexamined => _end != _examined;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> task;
        bool mustReport;
        lock (_gate)
        {
            ThrowIfCompleted();
            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<ReadResult>(cancellationToken);
            }

            if (TryTake(mayReceive: !MustReadOnLoop(), out var result))
            {
                task = new ValueTask<ReadResult>(result);
            }
            else
            {
                task = new ValueTask<ReadResult>(this, _read.Begin(s_onTokenCanceled, this, cancellationToken));
                if (Has(ReaderFlags.Readable))
                {
                    _connection.Loop.Post(this);
                }
            }

            mustReport = TakeEndReport();
        }

        if (mustReport)
        {
            _connection.OnInputEnded(_error);
        }

        return task;
    }

    public override bool TryRead(out ReadResult result)
    {
        bool taken;
        bool mustReport;
        lock (_gate)
        {
            taken = TryTake(mayReceive: true, out result);
            if (!taken)
            {
                Set(ReaderFlags.ReadingTentatively);
            }

            mustReport = TakeEndReport();
        }

        if (mustReport)
        {
            _connection.OnInputEnded(_error);
        }

        return taken;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            if (Has(ReaderFlags.Completed))
            {
                PipeErrors.ThrowReaderCompleted();
            }

            if ((_flags & (ReaderFlags.Reading | ReaderFlags.ReadingTentatively)) == 0)
            {
                PipeErrors.ThrowNoRead();
            }

            var consumedTo = PositionInStream(consumed, _consumed);
            var examinedTo = PositionInStream(examined, _examined);
            if (consumedTo < _consumed || consumedTo > examinedTo || examinedTo > _end)
            {
                PipeErrors.ThrowInvalidPosition();
            }

            Clear(ReaderFlags.Reading | ReaderFlags.ReadingTentatively);
            _examined = Math.Max(_examined, examinedTo);
            Consume(consumedTo);
        }
    }

    public override void CancelPendingRead()
    {
        bool mustResume;
        lock (_gate)
        {
            Set(ReaderFlags.Canceled);
            mustResume = _read.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            Set(ReaderFlags.Completed);
            Clear(ReaderFlags.Reading | ReaderFlags.ReadingTentatively);
            _segments.Clear();
            Volatile.Write(ref _consumed, _end);
            _examined = _end;
        }

        _connection.OnInputCompleted();
    }

    /// <summary>
    /// The kernel has something for this connection. On the loop. False when the stream has ended already: it is
    /// somebody else's then.
    /// </summary>
    public bool OnReadable(bool isEof)
    {
        bool mustResume;
        bool mustReport;
        lock (_gate)
        {
            Set(isEof ? ReaderFlags.Readable | ReaderFlags.EofAnnounced : ReaderFlags.Readable);
            if (Has(ReaderFlags.Ended))
            {
                return false;
            }

            _receivedInARow = 0;
            if (isEof && (!_read.IsPending || Has(ReaderFlags.Completed)))
            {
                ReadAhead();
            }

            mustResume = TryReceiveForPendingRead();
            mustReport = TakeEndReport();
        }

        FinishOnLoop(mustResume, mustReport);
        return true;
    }

    /// <summary>A receive that was put off: for the first read, or for one that had kept the loop for too long.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        bool mustResume;
        bool mustReport;
        lock (_gate)
        {
            _receivedInARow = 0;
            mustResume = TryReceiveForPendingRead();
            mustReport = TakeEndReport();
        }

        FinishOnLoop(mustResume, mustReport);
    }

    void IWatchedHandler.OnStuck(bool isHandedOver) => _connection.OnStuck(isHandedOver);

    /// <summary>
    /// Ends the stream because the connection ends. An orderly end that was seen before stays what it was; an error
    /// gives way to the reason of the connection's end, which may be an abort that came first. The descriptor is not
    /// used after this.
    /// </summary>
    public void End(Exception error)
    {
        bool mustResume;
        lock (_gate)
        {
            if (!Has(ReaderFlags.Ended) || _error is not null)
            {
                Set(ReaderFlags.Ended);
                _error = error;
            }

            Clear(ReaderFlags.EndUnreported);
            mustResume = _read.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _read.GetResult(token);
        lock (_gate)
        {
            ThrowIfCompleted();
            return Take();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private static readonly Action<object?> s_onTokenCanceled = static state =>
    {
        var reader = (ConnectionReader)state!;
        bool mustResume;
        lock (reader._gate)
        {
            mustResume = reader._read.TryEndCanceled();
        }

        reader.ResumeElsewhere(mustResume);
    };

    /// <summary>
    /// Kestrel starts a connection on the thread pool. With inline scheduling its first read is completed by the loop,
    /// and so is one that would keep the loop busy for too long.
    /// </summary>
    private bool MustReadOnLoop() =>
        _connection.RunsInline && (!Has(ReaderFlags.Started) || _receivedInARow >= ReceiveInARowBytesMax);

    private bool TryTake(bool mayReceive, out ReadResult result)
    {
        ThrowIfCompleted();
        if (Has(ReaderFlags.Reading) || _read.IsPending)
        {
            PipeErrors.ThrowReadInProgress();
        }

        if (!IsResultReady && mayReceive && Has(ReaderFlags.Readable))
        {
            Receive();
        }

        Set(ReaderFlags.Started);
        if (!IsResultReady || HasUnreportedError)
        {
            // An error goes to the connection first, which then ends the read that has become pending.
            result = default;
            return false;
        }

        result = Take();
        return true;
    }

    private bool IsResultReady => HasUnexamined || (_flags & (ReaderFlags.Canceled | ReaderFlags.Ended)) != 0;

    private bool HasUnreportedError => Has(ReaderFlags.EndUnreported) && _error is not null;

    private ReadResult Take()
    {
        if (Has(ReaderFlags.Ended) && _error is not null)
        {
            ExceptionDispatchInfo.Throw(_error);
        }

        var isCanceled = Has(ReaderFlags.Canceled);
        Clear(ReaderFlags.Canceled);
        Set(isCanceled ? ReaderFlags.ReadingTentatively : ReaderFlags.Reading);
        var buffer = _segments.Head is { } head
            ? new ReadOnlySequence<byte>(head, _headIndex, _segments.Tail!, _segments.Tail!.End)
            : default;
        return new ReadResult(buffer, isCanceled, isCompleted: Has(ReaderFlags.Ended));
    }

    /// <summary>Receives for a pending read; true when it can be resumed.</summary>
    private bool TryReceiveForPendingRead()
    {
        if (!_read.IsPending)
        {
            return false;
        }

        if (!IsResultReady && (_flags & (ReaderFlags.Readable | ReaderFlags.Completed)) == ReaderFlags.Readable)
        {
            Receive();
        }

        return IsResultReady && _read.TryEnd();
    }

    /// <summary>
    /// Receives until would-block, the end or the limit, although nobody reads: the peer has ended the connection, and
    /// the application shall hear of that even while it does something else.
    /// </summary>
    private void ReadAhead()
    {
        if (Has(ReaderFlags.Completed))
        {
            // What is there stays there: nobody wants it.
            Set(ReaderFlags.Ended | ReaderFlags.EndUnreported);
            return;
        }

        var limit = _settings.MaxReadBufferBytes;
        while (Has(ReaderFlags.Readable) && !Has(ReaderFlags.Ended) && _end - _consumed < limit)
        {
            Receive();
        }
    }

    private void Receive()
    {
        var result = _blocksPerReceive > 1 ? ReceiveIntoBlocks(out var capacity) : ReceiveIntoTail(out capacity);
        if (!result.IsError && result.Value > 0)
        {
            OnReceived(result.Value, capacity);
        }
        else if (result.IsWouldBlock)
        {
            Clear(ReaderFlags.Readable | ReaderFlags.EofAnnounced);
            _blocksPerReceive = 1;
        }
        else
        {
            EndFromKernel(result.IsError ? SocketErrors.ToException(result.Error) : null);
        }

        ReturnEmptyTail();
    }

    private KernelResult ReceiveIntoTail(out int capacity)
    {
        var tail = _segments.Tail is { } last && last.Free.Length >= MinReceiveBytes
            ? last
            : _segments.Append(sizeHint: 0, _end);
        var free = tail.Free.Span;
        capacity = free.Length;
        var result = _settings.Calls.Receive(_connection.Descriptor, free);
        if (!result.IsError)
        {
            tail.End += result.Value;
        }

        return result;
    }

    private KernelResult ReceiveIntoBlocks(out int capacity)
    {
        using var pinned = new PinnedBlocks();
        capacity = 0;
        var first = _segments.Append(sizeHint: 0, _end);
        var segment = first;
        while (true)
        {
            pinned.Add(segment.Free);
            capacity += segment.Free.Length;
            if (pinned.Count == _blocksPerReceive)
            {
                break;
            }

            segment = _segments.Append(sizeHint: 0, _end + capacity);
        }

        var result = _settings.Calls.Receive(_connection.Descriptor, pinned.Vectors);
        FillBlocks(first, result.IsError ? 0 : result.Value);
        return result;
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

    private void OnReceived(int received, int capacity)
    {
        Volatile.Write(ref _end, _end + received);
        _receivedInARow += received;
        if (received == capacity)
        {
            _blocksPerReceive = Math.Min(_blocksPerReceive * 2, BlocksPerReceiveMax);
            return;
        }

        // A short receive has drained the socket; what comes after it makes a new edge. Only an announced end does
        // not: data and EOF may have come in one event.
        _blocksPerReceive = Math.Max(1, _blocksPerReceive / 2);
        if (!Has(ReaderFlags.EofAnnounced))
        {
            Clear(ReaderFlags.Readable);
        }
    }

    private void EndFromKernel(Exception? error)
    {
        Clear(ReaderFlags.Readable | ReaderFlags.EofAnnounced);
        Set(ReaderFlags.Ended | ReaderFlags.EndUnreported);
        _error = error;
    }

    private void ReturnEmptyTail()
    {
        // An empty block after a receive that brought nothing: the only one, because others hold bytes.
        if (_end == _consumed)
        {
            _segments.Clear();
            _headIndex = 0;
        }
    }

    private void Consume(long position)
    {
        var head = _segments.Head;
        while (head is not null && head.RunningIndex + head.End <= position)
        {
            _segments.RemoveHead();
            _headIndex = 0;
            head = _segments.Head;
        }

        if (head is not null)
        {
            _headIndex = (int)(position - head.RunningIndex);
        }

        Volatile.Write(ref _consumed, position);
    }

    private static long PositionInStream(SequencePosition position, long none) =>
        (BufferSegment?)position.GetObject() is { } segment ? segment.RunningIndex + position.GetInteger() : none;

    private void FinishOnLoop(bool mustResume, bool mustReport)
    {
        if (mustReport)
        {
            _connection.OnInputEnded(_error);
        }

        if (mustResume && _connection.RunsInline)
        {
            _connection.ResumeOnLoop(ref _read);
        }
        else
        {
            ResumeElsewhere(mustResume);
        }
    }

    private void ResumeElsewhere(bool mustResume)
    {
        if (mustResume)
        {
            _connection.ResumeElsewhere(_resumption ??= new Resumption(() => _connection.ResumeOffLoop(ref _read)));
        }
    }

    private void ThrowIfCompleted()
    {
        if (Has(ReaderFlags.Completed))
        {
            PipeErrors.ThrowReaderCompleted();
        }
    }

    private bool TakeEndReport()
    {
        var unreported = Has(ReaderFlags.EndUnreported);
        Clear(ReaderFlags.EndUnreported);
        return unreported;
    }

    private bool Has(ReaderFlags flag) => (_flags & flag) != 0;

    private void Set(ReaderFlags flags) => _flags |= flags;

    private void Clear(ReaderFlags flags) => _flags &= ~flags;
}
