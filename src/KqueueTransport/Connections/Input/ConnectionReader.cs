using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Connections.Continuations;

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
    private InputBuffer _received;
    private PendingOperation _read;
    private ReadState _state;
    private InputState _input;
    private ReaderFlags _flags;
    private Exception? _error;

    // What the last read that was asked for wants to show at least.
    private int _minimumBytes;

    public ConnectionReader(Connection connection) => _connection = connection;

    private bool IsReadable => _input is InputState.Readable or InputState.Paused or InputState.Failing;

    private bool HasInputEnded => _input >= InputState.Ended;

    private Registration Gate => _connection.Registration;

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
                if (IsReadable)
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
                _state = ReadState.Tentative;
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
            ThrowIfCompleted();
            if (_state is not (ReadState.Reading or ReadState.Tentative))
            {
                PipeErrors.ThrowNoRead();
            }

            _received.AdvanceTo(this, consumed, examined);
            _state = ReadState.Idle;
        }
    }

    public override void CancelPendingRead() => Cancel(token: null);

    public override void Complete(Exception? exception = null)
    {
        using (Enter())
        {
            Begin();
            _state = ReadState.Completed;
            _received.Clear();
        }

        _connection.OnInputCompleted();
    }

    void IStayingHandler.OnStayed(HandlerStay stay) => _connection.OnStayed(stay);

    /// <summary>Never calls back, as most readers do not: a read tells of the end.</summary>
    [Obsolete("A read tells of the end.")]
    public override void OnWriterCompleted(Action<Exception?, object?> callback, object? state) =>
        ArgumentNullException.ThrowIfNull(callback);

    /// <summary>
    /// Kestrel starts a connection on the thread pool. Its first read is completed by the loop, which runs the
    /// application or knows who may, unless that is the thread pool always; and so is one that would keep the loop busy
    /// for too long.
    /// </summary>
    private bool MustReadOnLoop() => _state is ReadState.New
        ? _connection.EndPointContext.Placement.Mode is not Scheduling.ThreadPool
        : MustGiveWay && _connection.RunsInline;

    private bool TryTake(int minimumBytes, bool mayReceive, out ReadResult result)
    {
        ThrowIfCompleted();
        ThrowIfReading();
        if (_read.IsPending)
        {
            PipeErrors.ThrowReadInProgress();
        }

        _minimumBytes = minimumBytes;
        if (!IsResultReady && mayReceive && IsReadable)
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

    // With the first read, or with the end of either side if that comes first.
    private void Begin()
    {
        if (_state is ReadState.New)
        {
            _state = ReadState.Idle;
            _connection.EndPointContext.Newcomers.Remove();
        }
    }

    private bool IsResultReady =>
        (_received.HasUnexamined && _received.Length >= _minimumBytes) ||
        HasInputEnded || (_flags & (ReaderFlags.Canceled | ReaderFlags.CancelPutOff)) == ReaderFlags.Canceled;

    private bool HasUnreportedError => Has(ReaderFlags.EndUnreported) && _error is not null;

    private ReadResult Take()
    {
        if (_error is not null && HasInputEnded)
        {
            ExceptionDispatchInfo.Throw(_error);
        }

        ThrowIfReading();
        var isCanceled = Has(ReaderFlags.Canceled);
        Clear(ReaderFlags.Canceled | ReaderFlags.CancelPutOff);
        _state = isCanceled ? ReadState.Tentative : ReadState.Reading;
        return new ReadResult(_received.Sequence, isCanceled, isCompleted: HasInputEnded);
    }

    private void ThrowIfCompleted()
    {
        if (_state is ReadState.Completed)
        {
            PipeErrors.ThrowReaderCompleted();
        }
    }

    private void ThrowIfReading()
    {
        if (_state is ReadState.Reading)
        {
            PipeErrors.ThrowReadInProgress();
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
