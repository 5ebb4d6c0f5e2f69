using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections.Input;

/// <summary>
/// The input of a connection: a pipe reader straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// READ is armed once, edge-triggered. An event that finds a pending read receives on the loop and resumes the
/// application; one that finds none only leaves a mark, and the next read receives by itself. So bytes that nobody
/// asked for stay in the kernel, whose window is the back-pressure.
/// </remarks>
internal sealed partial class ConnectionReader :
    PipeReader, IValueTaskSource<ReadResult>, IThreadPoolWorkItem, IStayingHandler
{
    private readonly Connection _connection;

    private LoopLock _lock;

    // Everything below is under the lock, except where it says otherwise.
    private InputBuffer? _received;
    private PendingOperation _read;
    private ReaderFlags _flags;
    private Exception? _error;

    // What the last read that was asked for wants to show at least.
    private int _minimumBytes;

    // Not under the lock: whoever ends the pending read off the loop uses it, and there is one pending read at a time.
    private Resumption? _resumption;

    public ConnectionReader(Connection connection) => _connection = connection;

    /// <summary>
    /// Whether the application or the stream has ended the input. Without the lock: the writer asks under its own, and
    /// this asks the writer under the reader's.
    /// </summary>
    public bool HasEnded => (_flags & (ReaderFlags.Completed | ReaderFlags.Ended)) != 0;

    /// <summary>Whether the kernel may have bytes that nobody has received.</summary>
    public bool HasUnreceived
    {
        get
        {
            using (Enter())
            {
                return Has(ReaderFlags.Readable) || (_lock.Marks & LoopMarks.Readable) != 0;
            }
        }
    }

    /// <summary>
    /// After <see cref="End"/>: whether the peer's FIN had come, and everything before it had been received.
    /// </summary>
    public bool HasReceivedAll => (State & ReaderFlags.FinReceived) != 0;

    private Registration Gate => _connection.Registration;

    // Made for the first receive: a connection that has not heard of its peer needs none.
    private InputBuffer Received => _received ??= new InputBuffer();

    private ReaderFlags State
    {
        get
        {
            using (Enter())
            {
                return _flags;
            }
        }
    }

    /// <summary>Takes the reader's lock. Its end gives it back.</summary>
    public Held Enter()
    {
        Monitor.Enter(Gate);
        return new Held(this);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        ReadAtLeastAsyncCore(minimumSize: 0, cancellationToken);

    // Not left to the base class, whose loop of reads allocates when it pends.
    protected override ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken)
    {
        ValueTask<ReadResult> task;
        ReaderFlags reports;
        using (Enter())
        {
            ThrowIfCompleted();
            var isCanceled = cancellationToken.IsCancellationRequested;
            if (isCanceled && !_connection.EndPointContext.IsStopping)
            {
                return ValueTask.FromCanceled<ReadResult>(cancellationToken);
            }

            if (TryTake(minimumSize, mayReceive: !MustReadOnLoop(), out var result))
            {
                task = new ValueTask<ReadResult>(result);
            }
            else if (isCanceled)
            {
                task = ValueTask.FromCanceled<ReadResult>(cancellationToken);
            }
            else
            {
                task = new ValueTask<ReadResult>(this, _read.Begin(s_onTokenCanceled, this, cancellationToken));
                if (Has(ReaderFlags.Readable))
                {
                    ReceiveOnLoop();
                }
            }

            reports = TakeReports();
        }

        Report(reports);
        return task;
    }

    public override bool TryRead(out ReadResult result)
    {
        bool taken;
        ReaderFlags reports;
        using (Enter())
        {
            taken = TryTake(minimumBytes: 0, mayReceive: true, out result);
            if (!taken)
            {
                Set(ReaderFlags.ReadingTentatively);
            }

            reports = TakeReports();
        }

        Report(reports);
        return taken;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        using (Enter())
        {
            if (Has(ReaderFlags.Completed))
            {
                PipeErrors.ThrowReaderCompleted();
            }

            if ((_flags & (ReaderFlags.Reading | ReaderFlags.ReadingTentatively)) == 0)
            {
                PipeErrors.ThrowNoRead();
            }

            Received.AdvanceTo(consumed, examined);
            Clear(ReaderFlags.Reading | ReaderFlags.ReadingTentatively);
        }
    }

    public override void CancelPendingRead() => Cancel(token: null);

    public override void Complete(Exception? exception = null)
    {
        using (Enter())
        {
            Set(ReaderFlags.Completed);
            Clear(ReaderFlags.Reading | ReaderFlags.ReadingTentatively);
            _received?.Clear();
        }

        _connection.OnInputCompleted();
    }

    void IStayingHandler.OnStayed(HandlerStay stay) => _connection.OnStayed(stay);

    /// <summary>Never calls back, as most readers do not: a read tells of the end.</summary>
    [Obsolete("A read tells of the end.")]
    public override void OnWriterCompleted(Action<Exception?, object?> callback, object? state) =>
        ArgumentNullException.ThrowIfNull(callback);

    /// <summary>
    /// Ends the stream because the connection ends. An orderly end that was seen before stays what it was; an error
    /// gives way to the reason of the connection's end, which may be an abort that came first. The descriptor is not
    /// used after this.
    /// </summary>
    public void End(Exception error)
    {
        bool mustResume;
        using (Enter())
        {
            if (!Has(ReaderFlags.Ended) || _error is not null)
            {
                Set(ReaderFlags.Ended);
                _error = error;
            }

            Begin();
            Clear(ReaderFlags.Reports);
            mustResume = _read.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    /// <summary>
    /// Kestrel starts a connection on the thread pool. Its first read is completed by the loop, which runs the
    /// application or knows who may, unless that is the thread pool always; and so is one that would keep the loop busy
    /// for too long.
    /// </summary>
    private bool MustReadOnLoop() => Has(ReaderFlags.Started)
        ? MustGiveWay && _connection.RunsInline
        : _connection.EndPointContext.Placement.Mode is not Scheduling.ThreadPool;

    private bool TryTake(int minimumBytes, bool mayReceive, out ReadResult result)
    {
        ThrowIfCompleted();
        ThrowIfReading();
        if (_read.IsPending)
        {
            PipeErrors.ThrowReadInProgress();
        }

        _minimumBytes = minimumBytes;
        if (!IsResultReady && mayReceive && Has(ReaderFlags.Readable))
        {
            ReceiveMinimum();
        }

        Begin();
        if (!IsResultReady || HasUnreportedError)
        {
            // An error goes to the connection first, which then ends the read that has become pending.
            result = default;
            return false;
        }

        result = Take();
        return true;
    }

    // With the first read, or with the end if that comes first.
    private void Begin()
    {
        if (!Has(ReaderFlags.Started))
        {
            Set(ReaderFlags.Started);
            _connection.EndPointContext.Newcomers.Remove();
        }
    }

    private bool IsResultReady =>
        (_received is { HasUnexamined: true } received && received.Length >= _minimumBytes) ||
        Has(ReaderFlags.Ended) || (_flags & (ReaderFlags.Canceled | ReaderFlags.CancelPutOff)) == ReaderFlags.Canceled;

    private bool HasUnreportedError => Has(ReaderFlags.EndUnreported) && _error is not null;

    private ReadResult Take()
    {
        if (Has(ReaderFlags.Ended) && _error is not null)
        {
            ExceptionDispatchInfo.Throw(_error);
        }

        ThrowIfReading();
        var isCanceled = Has(ReaderFlags.Canceled);
        Clear(ReaderFlags.Canceled | ReaderFlags.CancelPutOff);
        Set(isCanceled ? ReaderFlags.ReadingTentatively : ReaderFlags.Reading);
        return new ReadResult(_received?.Sequence ?? default, isCanceled, isCompleted: Has(ReaderFlags.Ended));
    }

    private void ThrowIfCompleted()
    {
        if (Has(ReaderFlags.Completed))
        {
            PipeErrors.ThrowReaderCompleted();
        }
    }

    private void ThrowIfReading()
    {
        if (Has(ReaderFlags.Reading))
        {
            PipeErrors.ThrowReadInProgress();
        }
    }

    private ReaderFlags TakeReports()
    {
        var reports = _flags & ReaderFlags.Reports;
        Clear(reports);
        return reports;
    }

    /// <summary>Tells others what happened under the lock: they may call back, or be the application's.</summary>
    private void Report(ReaderFlags reports)
    {
        if (reports == ReaderFlags.None)
        {
            return;
        }

        if ((reports & ReaderFlags.ResumeUnreported) != 0)
        {
            TransportLog.ConnectionResume(_connection.LoopContext.Logger, _connection);
        }

        if ((reports & ReaderFlags.PauseUnreported) != 0)
        {
            _connection.EndPointContext.Statistics.CountPause();
            TransportLog.ConnectionPause(_connection.LoopContext.Logger, _connection);
        }

        if ((reports & ReaderFlags.EndUnreported) != 0)
        {
            _connection.OnInputEnded(_error);
        }
    }

    private bool Has(ReaderFlags flag) => (_flags & flag) != 0;

    private void Set(ReaderFlags flags) => _flags |= flags;

    private void Clear(ReaderFlags flags) => _flags &= ~flags;

    /// <summary>The reader's lock, taken.</summary>
    public readonly ref struct Held(ConnectionReader reader)
    {
        public void Dispose() => reader._lock.Leave(reader.Gate, reader);
    }
}
