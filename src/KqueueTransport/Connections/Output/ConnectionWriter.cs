using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using KqueueTransport.Connections.Contexts;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// The output of a connection: a pipe writer straight over the descriptor. It holds memory only while it holds bytes.
/// </summary>
/// <remarks>
/// A flush commits and schedules one send, which takes everything that is flushed until it runs: so several flushes
/// become one send, and no flush waits for the kernel, but on the loop one that is over the limit. What is larger than
/// the write limit is not copied: the kernel takes it from the application's memory while the flush pends. One thread
/// at a time sends, outside of the lock, so bytes are never sent but in order; a connection that ends meanwhile is
/// closed by that thread. WRITE is armed once, one-shot, each time a send has to wait.
/// </remarks>
internal sealed partial class ConnectionWriter :
    PipeWriter, IValueTaskSource<FlushResult>, IThreadPoolWorkItem, IStayingHandler
{
    private readonly Connection _connection;
    private readonly Gate _gate = new();

    // Under _gate, but for what is the writing application's own in the buffer.
    private OutputBuffer _written;
    private SendState _state;
    private WriterFlags _flags;

    // The number of the loop's wait since which the buffer counts what is sent in a row. Of a number that comes again
    // after four billion waits, a connection that has just sent so much gives way once too often.
    private uint _lastTurn;

    // The error that a send has met; once the connection ends, the reason of that.
    private Exception? _error;

    public ConnectionWriter(Connection connection) => _connection = connection;

    private LoopContext Loop => _connection.LoopContext;

    private EndPointContext EndPoint => _connection.EndPointContext;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written.Uncommitted;

    /// <summary>Whether the kernel has not taken all that is flushed.</summary>
    public bool HasUnsent => State.Send != SendState.Idle;

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
        Flush(isWrite: false, bytes: default, cancellationToken);

    public override void CancelPendingFlush() => Cancel(token: null);

    void IStayingHandler.OnStayed(HandlerStay stay) => _connection.OnStayed(stay);

    /// <summary>Never calls back, as most writers do not: a flush tells of the peer's end.</summary>
    [Obsolete("A flush tells of the peer's end.")]
    public override void OnReaderCompleted(Action<Exception?, object?> callback, object? state) =>
        ArgumentNullException.ThrowIfNull(callback);

    private OutputWait Wait => _gate.Wait ??= new OutputWait(_connection);

    private bool IsFlushPending => _gate.Wait is { Flush.IsPending: true };

    private bool MaySend => !Has(WriterFlags.Dead | WriterFlags.Ended) || _state == SendState.Sending;

    private bool IsFlushCanceled => IsFlushPending && Has(WriterFlags.Canceled);

    private ValueTask<FlushResult> Flush(
        bool isWrite, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ValueTask<FlushResult> task;
        var mustSchedule = false;
        var mustSend = false;
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

            if (!bytes.IsEmpty)
            {
                _written.CopyBorrowed();
            }

            Commit();
            bytes = MaySend ? bytes : default;
            var unsent = _written.Unsent + bytes.Length;
            if (_state == SendState.Idle && unsent > 0)
            {
                _state = SendState.Scheduled;
                mustSchedule = true;
            }

            var unsentMax = _state == SendState.Scheduled
                ? Math.Min(EndPoint.MaxWriteBufferBytes, Connection.BytesInARowMax)
                : EndPoint.MaxWriteBufferBytes;
            var mayEnd =
                unsent < unsentMax || Has(WriterFlags.Canceled | WriterFlags.Dead | WriterFlags.Ended);
            if (mayEnd && TryCopy(ref bytes))
            {
                task = new ValueTask<FlushResult>(TakeResult());
            }
            else
            {
                // First: where there is no memory for it, nothing of the application's is borrowed yet.
                var wait = Wait;
                _written.Borrow(Loop.Blocks, bytes);
                task = new ValueTask<FlushResult>(this, wait.Flush.Begin(s_onTokenCanceled, this, cancellationToken));
                mustSend = _state == SendState.Scheduled && EventLoop.Current is not null;
            }
        }

        if (mustSend)
        {
            SendAtOnce();
        }
        else if (mustSchedule)
        {
            Schedule();
        }

        return task;
    }

    private void Commit()
    {
        _written.Commit();
        if (!MaySend)
        {
            _written.DropUnsent();
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

    /// <summary>
    /// The writer's lock, apart from the writer, which the application has and may lock. No object is so small that it
    /// has no room for a reference.
    /// </summary>
    private sealed class Gate
    {
        /// <summary>Null until there is something to wait for.</summary>
        public OutputWait? Wait { get; set; }
    }
}
