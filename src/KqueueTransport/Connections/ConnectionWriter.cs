using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Kqueue;
using Kqueue.EventLoops;
using Kqueue.Interop;

namespace KqueueTransport.Connections;

/// <summary>
/// The output of a connection: a pipe writer straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// A flush commits and, as a rule, sends. It only commits, so that several flushes become one send, in two cases: the
/// loop is just running this connection's application and sends when that returns to it; or input is waiting that
/// will bring the next flush at once, and then the loop sends as soon as it comes by. Bytes are never sent but in
/// order, because every send is made under one lock. WRITE is armed once, one-shot, each time the socket is full.
/// </remarks>
internal sealed class ConnectionWriter : PipeWriter, IValueTaskSource<FlushResult>, IThreadPoolWorkItem, IWatchedHandler
{
    // Committed bytes above this are sent at once: waiting longer saves no calls worth having.
    private const int CoalesceBytesMax = 64 * 1024;

    // How long to wait when the kernel is short of memory: no event tells when that is over.
    private static readonly TimeSpan s_noBuffersDelay = TimeSpan.FromMilliseconds(10);

    private readonly Connection _connection;
    private readonly ConnectionSettings _settings;
    private readonly Lock _gate = new();

    // Under _gate, as everything below it but the writing application's own fields.
    private SegmentQueue _segments;
    private PendingOperation _flush;
    private int _headIndex;
    private long _unsent;
    private WriterFlags _flags;
    private Errno _failure;

    // The writing application's own. What it writes to is not given back while Writing is set.
    private Memory<byte> _tailMemory;
    private int _tailWritten;
    private long _uncommitted;

    // Not under _gate: whoever ends the pending flush off the loop uses it, and there is one pending flush at a time.
    private Resumption? _resumption;

    public ConnectionWriter(Connection connection, ConnectionSettings settings)
    {
        _connection = connection;
        _settings = settings;
        _segments = new SegmentQueue(settings.MemoryPool);
    }

    [Flags]
    private enum WriterFlags
    {
        None = 0,

        /// <summary>The application holds memory of the tail, or has advanced and not flushed.</summary>
        Writing = 1,

        /// <summary>CancelPendingFlush was called and no result has said so yet.</summary>
        Canceled = 2,

        /// <summary>The application has completed the writer.</summary>
        Completed = 4,

        /// <summary>Nothing is sent any more: the peer is gone or the connection closed. Writes are dropped.</summary>
        Dead = 8,

        /// <summary>The socket is full and WRITE is armed, or the kernel is short of memory and a timer runs.</summary>
        Armed = 16,

        /// <summary>The loop has been asked to send.</summary>
        Posted = 32,

        /// <summary>The connection has to be told of the output's end or failure, once the lock is left.</summary>
        Unreported = 64,

        /// <summary>FIN has been sent, because reading goes on.</summary>
        FinSent = 128,
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _uncommitted;

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
        if (!Has(WriterFlags.Writing) || _tailMemory.Length - _tailWritten < Math.Max(sizeHint, 1))
        {
            AllocateTail(sizeHint);
        }

        return _tailMemory[_tailWritten..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if ((uint)bytes > (uint)(_tailMemory.Length - _tailWritten))
        {
            PipeErrors.ThrowAdvanceTooFar(bytes);
        }

        _tailWritten += bytes;
        _uncommitted += bytes;
    }

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
            if (_unsent > 0 && !Has(WriterFlags.Armed) && !TryLeaveToLoop())
            {
                Send();
            }

            task = Has(WriterFlags.Canceled | WriterFlags.Dead) || _unsent < _settings.MaxWriteBufferBytes
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

            mustReport = TakeReport();
        }

        Report(mustReport);
        if (exception is not null)
        {
            _connection.OnOutputFaulted(exception);
        }
    }

    /// <summary>The socket takes bytes again. On the loop.</summary>
    public void OnWritable()
    {
        lock (_gate)
        {
            Clear(WriterFlags.Armed);
        }

        SendOnLoop();
    }

    /// <summary>A send that was put off.</summary>
    void IThreadPoolWorkItem.Execute() => SendOnLoop();

    void IWatchedHandler.OnStuck(bool isHandedOver) => _connection.OnStuck(isHandedOver);

    /// <summary>Drops what is unsent because the connection ends. The descriptor is not used after this.</summary>
    /// <param name="mustSend">Whether what was flushed, and left to the loop, is given to the kernel first.</param>
    public void End(bool mustSend)
    {
        bool mustResume;
        lock (_gate)
        {
            if (mustSend)
            {
                SendUnlessArmed();
            }

            Set(WriterFlags.Dead);
            Clear(WriterFlags.Unreported);
            DropUnsent();
            mustResume = _flush.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _flush.GetResult(token);
        lock (_gate)
        {
            return TakeResult();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _flush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _flush.OnCompleted(continuation, state, token, flags);

    private static readonly Action<object?> s_onTokenCanceled = static state =>
    {
        var writer = (ConnectionWriter)state!;
        bool mustResume;
        lock (writer._gate)
        {
            mustResume = writer._flush.TryEndCanceled();
        }

        writer.ResumeElsewhere(mustResume);
    };

    private static readonly Action<object?> s_onBuffersDelayOver =
        static state => ((ConnectionWriter)state!).OnWritable();

    private void AllocateTail(int sizeHint)
    {
        lock (_gate)
        {
            ThrowIfCompleted();
            Set(WriterFlags.Writing);
            KeepWritten();
            if (_tailMemory.Length < Math.Max(sizeHint, 1))
            {
                // Memory of a tail with too little room left was never handed out twice: what lies behind its end
                // stays unused.
                _tailMemory = _segments.Append(sizeHint, runningIndex: 0).Free;
            }
        }
    }

    /// <summary>Makes what the application advanced over a part of the tail, sendable once it is committed.</summary>
    private void KeepWritten()
    {
        if (_tailWritten > 0)
        {
            _segments.Tail!.End += _tailWritten;
            _tailMemory = _tailMemory[_tailWritten..];
            _tailWritten = 0;
        }
    }

    private void Commit()
    {
        KeepWritten();
        _unsent += _uncommitted;
        _uncommitted = 0;
        Clear(WriterFlags.Writing);
        if (Has(WriterFlags.Dead))
        {
            DropUnsent();
        }
        else if (_unsent == 0)
        {
            ReleaseSegments();
        }
    }

    /// <summary>Whether the loop sends, a little later and perhaps more at a time.</summary>
    private bool TryLeaveToLoop()
    {
        if (_unsent >= Math.Min(CoalesceBytesMax, _settings.MaxWriteBufferBytes))
        {
            return false;
        }

        if (EventLoop.TryDefer(this))
        {
            return true;
        }

        if (!_connection.HasUnconsumedInput)
        {
            return false;
        }

        if (!Has(WriterFlags.Posted))
        {
            Set(WriterFlags.Posted);
            _connection.Loop.Post(this);
        }

        return true;
    }

    private void SendOnLoop()
    {
        bool mustResume;
        bool mustReport;
        lock (_gate)
        {
            Clear(WriterFlags.Posted);
            SendUnlessArmed();
            if (Has(WriterFlags.Completed))
            {
                ReportIfDrained();
            }

            mustResume = (Has(WriterFlags.Dead) || _unsent <= _settings.ResumeWriteBufferBytes) && _flush.TryEnd();
            mustReport = TakeReport();
        }

        Report(mustReport);
        if (mustResume && _connection.RunsInline && EventLoop.Current == _connection.Loop)
        {
            _flush.Complete();
        }
        else
        {
            ResumeElsewhere(mustResume);
        }
    }

    private void SendUnlessArmed()
    {
        if (_unsent > 0 && !Has(WriterFlags.Armed))
        {
            Send();
        }
    }

    private void Send()
    {
        while (_unsent > 0)
        {
            var result = SendSome(out var offered);
            if (result.IsWouldBlock)
            {
                Arm();
                return;
            }

            if (result.Error == Errno.ENOBUFS)
            {
                Set(WriterFlags.Armed);
                _connection.Loop.Schedule(s_noBuffersDelay, s_onBuffersDelayOver, this);
                return;
            }

            if (result.IsError)
            {
                Fail(result.Error);
                return;
            }

            RemoveSent(result.Value);
            if (result.Value < offered)
            {
                // A short count means that the socket is full; arming asks the kernel again in the same call.
                Arm();
                return;
            }
        }
    }

    private KernelResult SendSome(out int offered)
    {
        var head = _segments.Head!;
        while (head.End == _headIndex)
        {
            _segments.RemoveHead();
            _headIndex = 0;
            head = _segments.Head!;
        }

        var first = head.Memory[_headIndex..];
        if (first.Length >= _unsent)
        {
            offered = (int)_unsent;
            return _settings.Calls.Send(_connection.Descriptor, first.Span[..offered]);
        }

        using var pinned = new PinnedBlocks();
        offered = 0;
        var segment = head;
        while (offered < _unsent && pinned.Count < PinnedBlocks.CountMax)
        {
            var part = segment == head ? first : segment.Memory;
            if (part.Length > _unsent - offered)
            {
                part = part[..(int)(_unsent - offered)];
            }

            pinned.Add(part);
            offered += part.Length;
            segment = segment.NextSegment!;
        }

        return _settings.Calls.Send(_connection.Descriptor, pinned.Vectors);
    }

    private void RemoveSent(int sent)
    {
        _unsent -= sent;
        if (_unsent == 0 && !Has(WriterFlags.Writing))
        {
            ReleaseSegments();
            return;
        }

        while (sent > 0)
        {
            var head = _segments.Head!;
            var left = head.End - _headIndex;
            if (sent < left || head == _segments.Tail)
            {
                _headIndex += sent;
                return;
            }

            sent -= left;
            _segments.RemoveHead();
            _headIndex = 0;
        }
    }

    private void Arm()
    {
        Set(WriterFlags.Armed);
        var result = _connection.Arm(KEventFilter.Write, KEventFlags.OneShot);
        if (result.IsError)
        {
            Fail(result.Error);
        }
    }

    private void Fail(Errno error)
    {
        _failure = error;
        Set(WriterFlags.Dead | WriterFlags.Unreported);
        DropUnsent();
    }

    private void DropUnsent()
    {
        _unsent = 0;
        if (!Has(WriterFlags.Writing))
        {
            ReleaseSegments();
        }
    }

    private void ReleaseSegments()
    {
        _segments.Clear();
        _headIndex = 0;
        _tailMemory = default;
    }

    private void ReportIfDrained()
    {
        if (_unsent > 0 || Has(WriterFlags.Dead | WriterFlags.FinSent))
        {
            return;
        }

        Set(WriterFlags.Unreported);
        if (_connection.KeepsInput)
        {
            // An error is the end of the connection, which the reader hears of.
            _settings.Calls.Shutdown(_connection.Descriptor, SocketShutdown.Send);
            Set(WriterFlags.FinSent);
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
            _connection.ResumeElsewhere(_resumption ??= new Resumption(() => _flush.Complete()));
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
