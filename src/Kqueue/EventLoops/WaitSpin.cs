namespace Kqueue.EventLoops;

/// <summary>
/// Whether a driver asks for events for a while before it sleeps. A peer that answers at once is back before the driver
/// has gone to sleep and been woken, on a processor that went idle meanwhile: asking gives one connection alone half as
/// many requests per second again, at the same processor time for each. The driver's own.
/// </summary>
/// <remarks>
/// Only a conversation is worth it: one event at a time, and none of the last waits longer than a spin. Where requests
/// come from many peers, one of so many waits is always longer, and where they come in batches, there is no sleep to be
/// saved; so the processor time that others can use is left to them. Where there is one processor, or a container's
/// share of one, all of it is.
/// </remarks>
internal struct WaitSpin(TimeProvider clock, int processorCount)
{
    /// <summary>
    /// The longest spin, and the longest wait that is short: twice what a peer takes to be woken, to think and to send,
    /// because a wait that is slept through has the driver's own waking in it.
    /// </summary>
    public static readonly TimeSpan DurationMax = TimeSpan.FromMicroseconds(100);

    /// <summary>How many waits in a row must have been short.</summary>
    public const int ShortWaitsNeeded = 16;

    /// <summary>How often to ask at most, also where the clock stands still.</summary>
    public const int AsksMax = 256;

    private int _shortWaits;
    private int _asksLeft;
    private long _start;

    /// <summary>A wait begins, after a turn with so many events.</summary>
    public void OnWaitBegins(int events)
    {
        _start = clock.GetTimestamp();
        _asksLeft = events == 1 && _shortWaits >= ShortWaitsNeeded && processorCount > 1 ? AsksMax : 0;
    }

    /// <summary>Whether to ask once more without waiting.</summary>
    public bool MustAsk()
    {
        if (_asksLeft == 0 || IsLong)
        {
            return false;
        }

        _asksLeft--;
        return true;
    }

    /// <summary>The wait is over.</summary>
    public void OnWaitEnds() => _shortWaits = IsLong ? 0 : Math.Min(_shortWaits + 1, ShortWaitsNeeded);

    private readonly bool IsLong => clock.GetElapsedTime(_start) > DurationMax;
}
