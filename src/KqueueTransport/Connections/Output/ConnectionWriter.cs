using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Kqueue;
using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// The output of a connection: a pipe writer straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// A flush commits and, as a rule, sends. It only commits, so that several flushes become one send, in two cases: the
/// loop is just running this connection's application, and sends a little after that has returned to it; or the next
/// flush is likely to follow at once, because input is waiting or because it was so before, and then the loop sends as
/// soon as it comes by. That send leaves the lock for the kernel's call, and flushes go on beside it. Bytes are never
/// sent but in order, because one thread at a time sends. WRITE is armed once, one-shot, each time the socket is full,
/// and where an application that never waits for its peer would keep the loop from the other connections.
/// </remarks>
internal sealed partial class ConnectionWriter :
    PipeWriter, IValueTaskSource<FlushResult>, IThreadPoolWorkItem, IWatchedHandler
{
    private readonly Connection _connection;
    private readonly Lock _gate = new();

    // Held by whoever sends outside of _gate, and by whoever has to wait until nobody does. Taken before _gate.
    private readonly Lock _sendGate = new();

    // Under _gate, but for what is the writing application's own in the buffer.
    private OutputBuffer _written;
    private PendingOperation _flush;
    private WriterFlags _flags;
    private FlushJoining _joining = new();
    private Errno _failure;
    private long _flushedInARow;

    // Not under _gate: whoever ends the pending flush off the loop uses it, and there is one pending flush at a time.
    private Resumption? _resumption;

    public ConnectionWriter(Connection connection) => _connection = connection;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written.Uncommitted;

    /// <summary>The error that a send has met, or None.</summary>
    public Errno Failure
    {
        get
        {
            lock (_sendGate)
            {
                lock (_gate)
                {
                    return _failure;
                }
            }
        }
    }

    /// <summary>Whether the output has ended for itself, with FIN.</summary>
    public bool HasSentFin
    {
        get
        {
            lock (_gate)
            {
                return Has(WriterFlags.FinSent);
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
            return _written.Allocate(_connection.LoopContext.Blocks, sizeHint);
        }
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes) => _written.Advance(bytes);

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfCompleted();
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<FlushResult>(cancellationToken)
            : base.WriteAsync(source, cancellationToken);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }

        ValueTask<FlushResult> task;
        bool mustReport;
        lock (_gate)
        {
            Commit();
            if (_written.Unsent > 0 && !Has(WriterFlags.Armed) && !TryLeaveToLoop())
            {
                Send(outside: null);
            }

            var mustWait = _written.Unsent >= _connection.EndPointContext.MaxWriteBufferBytes || TryYield();
            task = !mustWait || Has(WriterFlags.Canceled | WriterFlags.Dead)
                ? new ValueTask<FlushResult>(TakeResult())
                : new ValueTask<FlushResult>(this, _flush.Begin(s_onTokenCanceled, this, cancellationToken));
            mustReport = TakeReport();
        }

        Report(mustReport);
        return task;
    }

    public override void CancelPendingFlush()
    {
        bool mustResume;
        lock (_gate)
        {
            Set(WriterFlags.Canceled);
            mustResume = _flush.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    public override void Complete(Exception? exception = null)
    {
        bool mustReport;
        lock (_gate)
        {
            if (Has(WriterFlags.Completed))
            {
                return;
            }

            Commit();
            Set(WriterFlags.Completed);
            if (exception is null)
            {
                SendUnlessArmed();
                ReportIfDrained();
            }
            else
            {
                Set(WriterFlags.Faulted);
            }

            mustReport = TakeReport();
        }

        Report(mustReport);
        if (exception is not null)
        {
            _connection.OnOutputFaulted(exception);
        }
    }

    void IWatchedHandler.OnStuck(bool isHandedOver) => _connection.OnStuck(isHandedOver);

    /// <summary>
    /// Drops what is unsent because the connection ends, but not what would have been sent already if it was not left
    /// to the loop's work. The descriptor is not used after this.
    /// </summary>
    /// <param name="mustSend">Whether what was put off while the application runs on the loop is sent, too.</param>
    public void End(bool mustSend)
    {
        bool mustResume;
        lock (_sendGate)
        {
            lock (_gate)
            {
                if (mustSend || Has(WriterFlags.Posted))
                {
                    SendUnlessArmed();
                }

                Set(WriterFlags.Dead);
                Clear(WriterFlags.Unreported);
                _written.DropUnsent();
                mustResume = _flush.TryEnd();
            }
        }

        ResumeElsewhere(mustResume);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        FlushResult result;
        CancellationToken cancellationToken;
        lock (_gate)
        {
            cancellationToken = _flush.GetResult(token);
            result = TakeResult();
        }

        if (result.IsCanceled)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _flush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var next = new Continuation(
            continuation, state, (flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0);
        Awaiting awaiting;
        lock (_gate)
        {
            awaiting = _flush.OnCompleted(next, token);
        }

        _connection.OnAwaited(awaiting, next);
    }

    private static readonly Action<object?, CancellationToken> s_onTokenCanceled = static (state, token) =>
    {
        var writer = (ConnectionWriter)state!;
        bool mustResume;
        lock (writer._gate)
        {
            if (!writer._flush.IsOf(token))
            {
                return;
            }

            writer.Set(WriterFlags.Canceled);
            mustResume = writer._flush.TryEnd();
        }

        writer.ResumeElsewhere(mustResume);
    };

    private Continuation CompleteFlush()
    {
        lock (_gate)
        {
            return _flush.Complete();
        }
    }

    private void Commit()
    {
        _flushedInARow += _written.Uncommitted;
        _written.Commit();
        if (Has(WriterFlags.Dead))
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

        if (_failure != Errno.None)
        {
            _connection.OnSendFailed(_failure);
        }
        else
        {
            _connection.OnOutputDrained(Has(WriterFlags.FinSent));
        }
    }

    private FlushResult TakeResult()
    {
        var isCanceled = Has(WriterFlags.Canceled);
        Clear(WriterFlags.Canceled);
        return new FlushResult(isCanceled, isCompleted: Has(WriterFlags.Dead));
    }

    private void ResumeElsewhere(bool mustResume)
    {
        if (mustResume)
        {
            _connection.ResumeElsewhere(_resumption ??= new Resumption(() => _connection.Run(CompleteFlush())));
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
