namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// A token bucket for accepts, which holds what comes in one second. Under the acceptor's lock.
/// </summary>
internal sealed class AcceptRate(int perSecond, TimeProvider clock)
{
    private readonly long _interval = clock.TimestampFrequency / perSecond;

    // When the bucket is full again: the whole bucket as one point in time.
    private long _full = long.MinValue;

    /// <summary>Whether one may be accepted.</summary>
    public bool HasToken => Full() + _interval - clock.GetTimestamp() <= clock.TimestampFrequency;

    /// <summary>One is accepted.</summary>
    public void Take() => _full = Full() + _interval;

    private long Full() => Math.Max(_full, clock.GetTimestamp());
}
