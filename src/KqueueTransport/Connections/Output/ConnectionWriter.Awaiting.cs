using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Kqueue.EventLoops;
using KqueueTransport.Connections.Continuations;
using KqueueTransport.Connections.Placement;

namespace KqueueTransport.Connections.Output;

// The end of a pending flush: its await, and its cancellation.
internal sealed partial class ConnectionWriter
{
    private static readonly Action<object?, CancellationToken> s_onTokenCanceled =
        static (state, token) => ((ConnectionWriter)state!).Cancel(token);

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        FlushResult result;
        CancellationToken cancellationToken;
        lock (_gate)
        {
            cancellationToken = Wait.Flush.GetResult(token);
            result = TakeResult();
        }

        if (result.IsCanceled)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => Wait.Flush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var next = new Continuation(continuation, state, flags);
        Awaiting awaiting;
        lock (_gate)
        {
            awaiting = Wait.Flush.OnCompleted(next, token);
        }

        _connection.OnAwaited(awaiting, next);
    }

    /// <summary>Cancels the pending flush, or the next one; of a token only the flush that was begun with it.</summary>
    private void Cancel(CancellationToken? token)
    {
        bool mustResume;
        lock (_gate)
        {
            if (token is { } own && !Wait.Flush.IsOf(own))
            {
                return;
            }

            Set(WriterFlags.Canceled);
            mustResume = TryCancelFlush();
        }

        if (mustResume)
        {
            Resume(mayResumeHere: false);
        }
    }

    /// <summary>
    /// Ends the pending flush because it is canceled; what it waited for is sent all the same. A thread that is sending
    /// may be reading the application's memory: it ends the flush when it is back.
    /// </summary>
    private bool TryCancelFlush() =>
        IsFlushPending && TryCopyBorrowed() && _state != SendState.Sending && TryEndFlush(unsentMax: 0);

    /// <summary>Ends the pending flush if it has nothing more to wait for.</summary>
    /// <param name="unsentMax">What it leaves to the memory of the connection.</param>
    private bool TryEndFlush(long unsentMax)
    {
        if (!IsFlushPending)
        {
            return false;
        }

        var mayEnd = Has(WriterFlags.Canceled) || _written.Unsent <= unsentMax;
        return (Has(WriterFlags.Dead) || (mayEnd && TryCopyBorrowed())) && Wait.Flush.TryEnd();
    }

    private bool TryCopyBorrowed()
    {
        var none = ReadOnlyMemory<byte>.Empty;
        return TryCopy(ref none);
    }

    /// <summary>Copies what is borrowed, and bytes behind it, and notes how far they have come.</summary>
    private bool TryCopy(ref ReadOnlyMemory<byte> bytes)
    {
        try
        {
            _written.CopyBorrowed();
            _written.Copy(Loop.Blocks, ref bytes);
            return true;
        }
        catch (Exception)
        {
            // The pool, which may be the application's own, has no block: the flush waits until the kernel has all.
            return false;
        }
    }

    private FlushResult TakeResult()
    {
        var isCanceled = Has(WriterFlags.Canceled);
        Clear(WriterFlags.Canceled);
        return new FlushResult(isCanceled, isCompleted: Has(WriterFlags.Dead | WriterFlags.Ended));
    }

    private void Resume(bool mayResumeHere)
    {
        // A send on the thread pool is a piece of work by itself, so the application goes on right there.
        var isOnPool = EventLoop.Current is null && Thread.CurrentThread.IsThreadPoolThread;
        var place = mayResumeHere && EventLoop.Current is not null ? _connection.TakePlace() : Place.Pool;
        if (place is not Place.Pool)
        {
            _connection.Resume(Wait.Flush.Complete(), place);
        }
        else if (mayResumeHere && isOnPool)
        {
            Wait.Execute();
        }
        else
        {
            _connection.ResumeElsewhere(Wait);
        }
    }
}
