using System.Threading.Tasks.Sources;

namespace KqueueTransport.Connections;

/// <summary>
/// The one read or flush that a pipe end may have pending. Everything but <see cref="Complete"/>,
/// <see cref="GetStatus"/>, <see cref="OnCompleted"/> and <see cref="GetResult"/> is called under the owner's lock.
/// </summary>
internal struct PendingOperation
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private bool _isTokenCanceled;
    private bool _hasEnded;

    /// <summary>Whether somebody awaits, or is about to.</summary>
    public bool IsPending { get; private set; }

    /// <summary>Begins to wait; the result is the version of the value task.</summary>
    /// <param name="onCanceled">Called when the token is cancelled, perhaps inside this call.</param>
    /// <param name="owner">What it is called with.</param>
    /// <param name="token">Ends the wait.</param>
    public short Begin(Action<object?> onCanceled, object owner, CancellationToken token)
    {
        var isCompleted = _core.GetStatus(_core.Version) != ValueTaskSourceStatus.Pending;
        if (IsPending || (_hasEnded && !isCompleted))
        {
            // Two callers may share one operation that nobody awaits yet. One that has ended and is about to be
            // completed is shared, too: a new one of the same version would be completed twice.
            return _core.Version;
        }

        if (isCompleted)
        {
            // The operation before this one was completed and nobody awaited it.
            _core.Reset();
            _registration.Unregister();
            _isTokenCanceled = false;
        }

        _hasEnded = false;

        IsPending = true;
        _token = token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(onCanceled, owner);
        }

        return _core.Version;
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

    /// <summary>Ends the wait because the token was cancelled.</summary>
    public bool TryEndCanceled()
    {
        if (!TryEnd())
        {
            return false;
        }

        _isTokenCanceled = true;
        return true;
    }

    /// <summary>Runs the continuation on this thread. Never under a lock: it is the application's code.</summary>
    public void Complete() => _core.SetResult(true);

    public readonly ValueTaskSourceStatus GetStatus(short version) => _core.GetStatus(version);

    /// <summary>
    /// Takes the continuation. A synchronization context is never captured: the application's scheduling decides.
    /// </summary>
    public void OnCompleted(
        Action<object?> continuation, object? state, short version, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(
            continuation, state, version, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);

    /// <summary>Ends the await, once: a second await of the same operation is an error.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void GetResult(short version)
    {
        _core.GetResult(version);
        _core.Reset();
        _hasEnded = false;

        // Waits for a callback that is under way, so that it cannot end the next operation.
        _registration.Dispose();
        _registration = default;
        if (_isTokenCanceled)
        {
            _isTokenCanceled = false;
            throw new OperationCanceledException(_token);
        }
    }
}
