using System.Threading.Tasks.Sources;

namespace KqueueTransport.Connections;

/// <summary>
/// The one read or flush that a pipe end may have pending. Everything but <see cref="GetStatus"/> is called under the
/// owner's lock.
/// </summary>
/// <remarks>
/// However it is misused, it throws only where the application can catch, which is <see cref="GetResult"/>: an async
/// method hands what <see cref="OnCompleted"/> throws to the thread pool, where it would end the process.
/// </remarks>
internal struct PendingOperation
{
    private Continuation _continuation;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private short _version;
    private volatile bool _isCompleted;
    private bool _hasEnded;
    private bool _isAwaitedTwice;

    /// <summary>Whether somebody awaits, or is about to.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Begins to wait; the result is the version of the value task.</summary>
    /// <param name="onCanceled">Called when the token is cancelled, perhaps inside this call.</param>
    /// <param name="owner">What it is called with, and with the token.</param>
    /// <param name="token">Ends the wait.</param>
    public short Begin(Action<object?, CancellationToken> onCanceled, object owner, CancellationToken token)
    {
        if (IsPending || (_hasEnded && !_isCompleted))
        {
            // Two callers may share one operation that nobody awaits yet. One that has ended and is about to be
            // completed is shared, too: a new one would be completed in its place.
            return _version;
        }

        if (_isCompleted)
        {
            // The operation before this one was completed and nobody awaited it.
            Reset();
        }

        IsPending = true;
        _token = token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(onCanceled, owner);
        }

        return _version;
    }

    /// <summary>Ends the wait; true for the one caller that then has to see to <see cref="Complete()"/>.</summary>
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
    public readonly bool IsOf(CancellationToken token) => _token == token;

    /// <summary>The result can be taken; returns what has to be run then.</summary>
    public Continuation Complete()
    {
        var continuation = _continuation;
        _continuation = default;
        _isCompleted = true;
        return continuation;
    }

    /// <summary>The same under the owner's lock.</summary>
    public Continuation Complete(object gate)
    {
        lock (gate)
        {
            return Complete();
        }
    }

    // One that is over has failed: a task that is made of it asks here, where it does not catch, before it asks for the
    // result.
    public readonly ValueTaskSourceStatus GetStatus(short version) =>
        version != _version ? ValueTaskSourceStatus.Faulted
        : _isCompleted ? ValueTaskSourceStatus.Succeeded
        : ValueTaskSourceStatus.Pending;

    /// <summary>Takes the continuation, if there is something to wait for.</summary>
    public Awaiting OnCompleted(in Continuation continuation, short version)
    {
        if (version != _version || _isCompleted)
        {
            return Awaiting.Over;
        }

        if (!_continuation.IsNone)
        {
            _isAwaitedTwice = true;
            return Awaiting.Twice;
        }

        _continuation = continuation;
        return Awaiting.Pending;
    }

    /// <summary>Ends the await, once; the result is the token that it was begun with.</summary>
    /// <exception cref="InvalidOperationException">It was awaited twice, or is not completed.</exception>
    public CancellationToken GetResult(short version)
    {
        if (version != _version)
        {
            throw PipeErrors.Concurrent();
        }

        if (!_isCompleted)
        {
            PipeErrors.ThrowNotCompleted();
        }

        var (token, isAwaitedTwice) = (_token, _isAwaitedTwice);
        Reset();
        if (isAwaitedTwice)
        {
            throw PipeErrors.Concurrent();
        }

        return token;
    }

    private void Reset()
    {
        // A callback that is under way finds another token.
        _registration.Unregister();
        _registration = default;
        _token = default;
        _isAwaitedTwice = false;
        _hasEnded = false;
        _isCompleted = false;
        _version++;
    }
}
