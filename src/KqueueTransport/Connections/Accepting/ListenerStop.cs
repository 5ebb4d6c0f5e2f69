namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// What a listener that stops leaves time for: Kestrel closes every connection that it takes to be idle, but the first
/// request of one that was just accepted, or the next request of one that was just answered, may be on its way. From
/// any thread.
/// </summary>
internal sealed class ListenerStop
{
    /// <summary>
    /// How long a read that Kestrel cancels meanwhile waits for bytes. They are there within microseconds on a network
    /// of one machine, within a round trip elsewhere; idle connections hold up the stop for as long.
    /// </summary>
    public static readonly TimeSpan LastRequestTime = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource _allHeard = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Connections whose bytes the application has not been shown yet. Interlocked.
    private long _unheard;
    private bool _hasBegun;

    public bool HasBegun => Volatile.Read(ref _hasBegun);

    public void OnAccepted() => Interlocked.Increment(ref _unheard);

    /// <summary>The application has been shown a connection's first bytes, or its end.</summary>
    public void OnHeard()
    {
        if (Interlocked.Decrement(ref _unheard) == 0 && HasBegun)
        {
            _allHeard.TrySetResult();
        }
    }

    /// <summary>Notes that no more are accepted. The task ends when all connections have been heard.</summary>
    public Task Begin()
    {
        // Either this sees that the last one has been heard, or that one sees that the stop has begun.
        Interlocked.Exchange(ref _hasBegun, true);
        if (Interlocked.Read(ref _unheard) == 0)
        {
            _allHeard.TrySetResult();
        }

        return _allHeard.Task;
    }
}
