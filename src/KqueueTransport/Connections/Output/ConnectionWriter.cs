using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Contexts;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// The output of a connection: a pipe writer straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// A flush commits and schedules one send, which takes everything that is flushed until it runs: so several flushes
/// become one send, and no flush waits for the kernel. What is larger than the write limit is not copied: the kernel
/// takes it from the application's memory while the flush pends. One thread at a time sends, outside of the lock, so
/// bytes are never sent but in order; a connection that ends meanwhile is closed by that thread. WRITE is armed once,
/// one-shot, each time a send has to wait.
/// </remarks>
internal sealed partial class ConnectionWriter :
    PipeWriter, IValueTaskSource<FlushResult>, IThreadPoolWorkItem, IStayingHandler
{
    private readonly Connection _connection;
    private readonly object _gate = new();

    // Under _gate, but for what is the writing application's own in the buffer.
    private OutputBuffer _written;
    private PendingOperation _flush;
    private SendState _state;
    private WriterFlags _flags;
    private Exception? _failure;

    // What was sent since the loop's wait of that number.
    private int _sentInARow;
    private long _lastTurn;

    // What was unsent when somebody last looked whether a completed output still gets on.
    private long _unsentAtLook;
    private LoopTimer? _nextLook;

    // Set once, under _gate, before Ended is.
    private Exception? _cause;

    // Not under _gate: whoever ends the pending flush off the loop uses it, and there is one pending flush at a time.
    private Resumption? _resumption;

    public ConnectionWriter(Connection connection) => _connection = connection;

    private LoopContext Loop => _connection.LoopContext;

    private EndPointContext EndPoint => _connection.EndPointContext;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written.Uncommitted;

    /// <summary>Whether the kernel has not taken all that is flushed.</summary>
    public bool HasUnsent => State.Send != SendState.Idle;

    /// <summary>Whether the output has ended for itself, with FIN.</summary>
    public bool HasSentFin => (State.Flags & WriterFlags.FinSent) != 0;

    /// <summary>Why the connection has ended, or is about to; null where it has not.</summary>
    public Exception? Cause => Volatile.Read(ref _cause) ?? Volatile.Read(ref _failure);

    /// <summary>
    /// The error that a send has met, or null. False while a send is under way: it may be about to hear of one.
    /// </summary>
    public bool TryGetFailure(out Exception? failure)
    {
        lock (_gate)
        {
            failure = _failure;
            return failure is not null || _state != SendState.Sending;
        }
    }

    private (SendState Send, WriterFlags Flags) State
    {
        get
        {
            lock (_gate)
            {
                return (_state, _flags);
            }
        }
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_written.TryGetMemory(sizeHint, out var memory))
        {
            return memory;
        }

        lock (_gate)
        {
            ThrowIfCompleted();
            return _written.Allocate(Loop.Blocks, sizeHint);
        }
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes) => _written.Advance(bytes);

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        Flush(isWrite: true, source, cancellationToken);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        Flush(isWrite: false, borrowed: default, cancellationToken);

    public override void CancelPendingFlush() => Cancel(token: null);

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
        {
            if (Has(WriterFlags.Completed))
            {
                return;
            }

            Commit(borrowed: default);
            Set(exception is null ? WriterFlags.Completed : WriterFlags.Completed | WriterFlags.Faulted);
            if (exception is null && _state == SendState.Idle && !Has(WriterFlags.Ended))
            {
                _state = SendState.Scheduled;
            }
        }

        if (exception is null)
        {
            // Nothing more comes that could be sent together with what is here.
            Send(SendState.Scheduled, mayResumeHere: false);
            WatchDraining();
        }
        else
        {
            _connection.OnOutputFaulted(exception);
        }
    }

    void IStayingHandler.OnStayed(HandlerStay stay) => _connection.OnStayed(stay);

    /// <summary>Never calls back, as most writers do not: a flush tells of the peer's end.</summary>
    [Obsolete("A flush tells of the peer's end.")]
    public override void OnReaderCompleted(Action<Exception?, object?> callback, object? state) =>
        ArgumentNullException.ThrowIfNull(callback);

    /// <summary>
    /// Ends the output because the connection ends. The connection hears when the descriptor is used no more: within
    /// this call, or from the thread that is sending.
    /// </summary>
    /// <param name="cause">Why.</param>
    /// <param name="mustSend">
    /// Whether what is flushed and only put off goes to the kernel first. What waits for the socket is dropped.
    /// </param>
    public void End(Exception cause, bool mustSend)
    {
        bool mustResume;
        lock (_gate)
        {
            Volatile.Write(ref _cause, cause);
            if (!mustSend)
            {
                Set(WriterFlags.Dead);
            }

            if (_state == SendState.Sending)
            {
                Set(WriterFlags.Ended);
                return;
            }

            if (_state == SendState.Scheduled)
            {
                SendCommitted();
            }

            Set(WriterFlags.Ended);
            DropAll();
            mustResume = TryEndFlush(unsentMax: 0);
        }

        _connection.OnSendsEnded(cause);
        Resume(mustResume, mayResumeHere: false);
    }

    private bool IsFlushCanceled => _flush.IsPending && Has(WriterFlags.Canceled);

    private ValueTask<FlushResult> Flush(
        bool isWrite, ReadOnlyMemory<byte> borrowed, CancellationToken cancellationToken)
    {
        ValueTask<FlushResult> task;
        var mustSchedule = false;
        lock (_gate)
        {
            if (isWrite)
            {
                ThrowIfCompleted();
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<FlushResult>(cancellationToken);
            }

            Commit(borrowed);
            if (_state == SendState.Idle && _written.Unsent > 0)
            {
                _state = SendState.Scheduled;
                mustSchedule = true;
            }

            var unsentMax = _state == SendState.Scheduled
                ? Math.Min(EndPoint.MaxWriteBufferBytes, SendInARowBytesMax)
                : EndPoint.MaxWriteBufferBytes;
            var mayEnd =
                _written.Unsent < unsentMax || Has(WriterFlags.Canceled | WriterFlags.Dead | WriterFlags.Ended);
            if (mayEnd && TryCopyBorrowed())
            {
                task = new ValueTask<FlushResult>(TakeResult());
            }
            else
            {
                task = new ValueTask<FlushResult>(this, _flush.Begin(s_onTokenCanceled, this, cancellationToken));
            }
        }

        if (mustSchedule)
        {
            Schedule();
        }

        return task;
    }

    private void Commit(ReadOnlyMemory<byte> borrowed)
    {
        _written.CopyBorrowed(Loop.Blocks);
        _written.Commit();
        _written.Borrow(borrowed);
        if (Has(WriterFlags.Dead | WriterFlags.Ended) && _state != SendState.Sending)
        {
            _written.DropUnsent();
        }
    }

    private bool TakeReport()
    {
        var unreported = Has(WriterFlags.Unreported);
        Clear(WriterFlags.Unreported);
        return unreported;
    }

    private void Report(bool mustReport)
    {
        if (!mustReport)
        {
            return;
        }

        if (_failure is not null)
        {
            _connection.OnSendFailed(_failure);
        }
        else
        {
            _connection.OnOutputDrained(Has(WriterFlags.FinSent));
        }
    }

    private void ThrowIfCompleted()
    {
        if (Has(WriterFlags.Completed))
        {
            PipeErrors.ThrowWriterCompleted();
        }
    }

    private bool Has(WriterFlags flag) => (_flags & flag) != 0;

    private void Set(WriterFlags flags) => _flags |= flags;

    private void Clear(WriterFlags flags) => _flags &= ~flags;
}
