using System.Threading.Tasks.Sources;

namespace KqueueTransport.Connections.Continuations;

/// <summary>
/// The one read or flush that a pipe end may have pending. Everything but <see cref="GetStatus"/>,
/// <see cref="Resumption"/> and <see cref="Complete"/> is called under the owner's lock.
/// </summary>
/// <remarks>
/// However it is misused, it throws only where the application can catch, which is <see cref="GetResult"/>: an async
/// method hands what <see cref="OnCompleted"/> throws to the thread pool, where it would end the process.
/// </remarks>
internal struct PendingOperation
{
    private Continuation _continuation;

    private Extra? _extra;
    private short _version;
    private volatile Await _await;
    private bool _hasEnded;
    private bool _isAwaitedTwice;

    private enum Await : byte
    {
        /// <summary>Nobody has brought a continuation.</summary>
        None,

        /// <summary>A continuation is there.</summary>
        Brought,

        /// <summary>The operation is completed: the result can be taken.</summary>
        Completed,
    }

    /// <summary>Whether somebody awaits, or is about to.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Whether it has ended, and nobody has taken the result yet.</summary>
    public readonly bool HasEnded => _hasEnded;

    /// <summary>
    /// The work that completes it on the thread pool, where its owner has some. For the one caller that has ended it:
    /// none begins until that is done.
    /// </summary>
    public Resumption? Resumption
    {
        readonly get => _extra?.Resumption;
        set => (_extra ??= new Extra()).Resumption = value;
    }

    /// <summary>Begins to wait; the result is the version of the value task.</summary>
    /// <param name="onCanceled">Called when the token is cancelled, perhaps inside this call.</param>
    /// <param name="owner">What it is called with, and with the token.</param>
    /// <param name="token">Ends the wait.</param>
    public short Begin(Action<object?, CancellationToken> onCanceled, object owner, CancellationToken token)
    {
        if (IsPending || (_hasEnded && !IsCompleted))
        {
            // Two callers may share one operation that nobody awaits yet. One that has ended and is about to be
            // completed is shared, too: a new one would be completed in its place.
            return _version;
        }

        if (IsCompleted)
        {
            // The operation before this one was completed and nobody awaited it.
            Reset();
        }

        IsPending = true;
        if (token.CanBeCanceled)
        {
            _extra ??= new Extra();
            _extra.Token = token;
            _extra.Registration = token.UnsafeRegister(onCanceled, owner);
        }

        return _version;
    }

    /// <summary>Ends the wait; true for the one caller that then has to see to <see cref="Complete"/>.</summary>
    public bool TryEnd()
    {
        if (!IsPending)
        {
            return false;
        }

        IsPending = false;
        _hasEnded = true;
        return true;
    }

    /// <summary>
    /// Whether it is an operation with this token that nobody has taken the result of. A callback may come late, when
    /// the next operation waits with another token or none.
    /// </summary>
    public readonly bool IsOf(CancellationToken token) => Token == token;

    /// <summary>
    /// The result can be taken; returns what has to be run then. Without the lock, so that a loop waits for nobody.
    /// </summary>
    public Continuation Complete()
    {
        // As a rule the continuation is there, and nothing else becomes of it: the look spares the swap.
        if (_await == Await.None &&
            Interlocked.CompareExchange(ref _await, Await.Completed, Await.None) == Await.None)
        {
            return default;
        }

        // Until the operation is completed a continuation that is there is this caller's; afterwards the next operation
        // may begin at any moment.
        var continuation = _continuation;
        _continuation = default;
        _await = Await.Completed;
        return continuation;
    }

    // One that is over has failed: a task that is made of it asks here, where it does not catch, before it asks for the
    // result.
    public readonly ValueTaskSourceStatus GetStatus(short version) =>
        version != _version ? ValueTaskSourceStatus.Faulted
        : IsCompleted ? ValueTaskSourceStatus.Succeeded
        : ValueTaskSourceStatus.Pending;

    /// <summary>Takes the continuation, if there is something to wait for.</summary>
    public Awaiting OnCompleted(in Continuation continuation, short version)
    {
        if (version != _version)
        {
            return Awaiting.Over;
        }

        if (_await == Await.Brought)
        {
            _isAwaitedTwice = true;
            return Awaiting.Twice;
        }

        if (_await == Await.None)
        {
            _continuation = continuation;
            if (Interlocked.CompareExchange(ref _await, Await.Brought, Await.None) == Await.None)
            {
                return Awaiting.Pending;
            }

            _continuation = default;
        }

        return Awaiting.Over;
    }

    /// <summary>Ends the await, once; the result is the token that it was begun with.</summary>
    /// <exception cref="InvalidOperationException">It was awaited twice, or is not completed.</exception>
    public CancellationToken GetResult(short version)
    {
        if (version != _version)
        {
            throw PipeErrors.Concurrent();
        }

        if (!IsCompleted)
        {
            PipeErrors.ThrowNotCompleted();
        }

        var (token, isAwaitedTwice) = (Token, _isAwaitedTwice);
        Reset();
        if (isAwaitedTwice)
        {
            throw PipeErrors.Concurrent();
        }

        return token;
    }

    private readonly CancellationToken Token => _extra?.Token ?? default;

    private readonly bool IsCompleted => _await == Await.Completed;

    private void Reset()
    {
        if (_extra is { } extra)
        {
            // A callback that is under way finds another token.
            extra.Registration.Unregister();
            extra.Registration = default;
            extra.Token = default;
        }

        _isAwaitedTwice = false;
        _hasEnded = false;
        _version++;
        _await = Await.None;
    }

    /// <summary>Made for the first token or resumption, and used again: most connections see neither.</summary>
    private sealed class Extra
    {
        /// <summary>What ends the wait.</summary>
        public CancellationToken Token { get; set; }

        public CancellationTokenRegistration Registration { get; set; }

        public Resumption? Resumption { get; set; }
    }
}
