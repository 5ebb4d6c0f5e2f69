using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using KqueueTransport.Connections.Continuations;

namespace KqueueTransport.Connections.Input;

// The end of a pending read: its await, and its cancellation.
internal sealed partial class ConnectionReader
{
    // They are there within microseconds on a network of one machine, within a round trip elsewhere; idle connections
    // hold up the stop for as long.
    private static readonly TimeSpan s_lastRequestTime = TimeSpan.FromMilliseconds(100);

    private static readonly Action<object?, CancellationToken> s_onTokenCanceled =
        static (state, token) => ((ConnectionReader)state!).Cancel(token);

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        ReadResult result;
        CancellationToken cancellationToken;
        using (Enter())
        {
            cancellationToken = _read.GetResult(token);
            ThrowIfCompleted();
            result = Take();
        }

        if (!result.IsCanceled || !cancellationToken.IsCancellationRequested)
        {
            return result;
        }

        // Bytes that a read has waited for while the listener stops: the token's owner reads them in spite of it.
        return _connection.EndPointContext.IsStopping && !result.Buffer.IsEmpty
            ? new ReadResult(result.Buffer, isCanceled: false, result.IsCompleted)
            : throw new OperationCanceledException(cancellationToken);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var next = new Continuation(continuation, state, flags);
        Awaiting awaiting;
        using (Enter())
        {
            awaiting = _read.OnCompleted(next, token);
        }

        _connection.OnAwaited(awaiting, next);
    }

    /// <summary>Cancels the pending read, or the next one; of a token only the read that was begun with it.</summary>
    private void Cancel(CancellationToken? token)
    {
        bool mustResume;
        using (Enter())
        {
            if (token is { } own && !_read.IsOf(own))
            {
                return;
            }

            Set(ReaderFlags.Canceled);
            mustResume = !TryPutOffCancel() && _read.TryEnd();
        }

        ResumeElsewhere(mustResume);
    }

    /// <summary>
    /// While the listener stops, a canceled read, or one that is canceled before it begins, waits a moment for bytes:
    /// Kestrel cancels the reads of connections that it takes to be idle, and answers a request that comes with the
    /// cancellation, or instead of it, as with TLS: that cancels by the token, of the read that waits for bytes and of
    /// the one that takes them.
    /// </summary>
    private bool TryPutOffCancel()
    {
        if (!_connection.EndPointContext.IsStopping || HasInputEnded)
        {
            return false;
        }

        Set(ReaderFlags.CancelPutOff);
        _connection.Loop.Schedule(s_lastRequestTime, static state => ((ConnectionReader)state!).OnCancelDue(), this);
        return true;
    }

    /// <summary>
    /// A canceled read has waited long enough for bytes. They may be here all the same, where the loop was too busy to
    /// come to their event.
    /// </summary>
    private void EndCancelPutOff()
    {
        if (Has(ReaderFlags.CancelPutOff))
        {
            if (_read.IsPending && !IsResultReady && _state is not ReadState.Completed)
            {
                ReceiveMinimum();
            }

            Clear(ReaderFlags.CancelPutOff);
        }
    }

    private void OnCancelDue()
    {
        _lock.Mark(LoopMarks.CancelDue);
        ((IThreadPoolWorkItem)this).Execute();
    }

    private void ResumeElsewhere(bool mustResume)
    {
        if (mustResume)
        {
            _read.Resumption ??= new Resumption(() => _connection.ResumeOnPool(_read.Complete()));
            _connection.ResumeElsewhere(_read.Resumption);
        }
    }
}
