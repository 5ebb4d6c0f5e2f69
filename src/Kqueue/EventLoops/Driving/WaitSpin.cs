namespace Kqueue.EventLoops.Driving;

/// <summary>
/// Whether a driver that finds no events asks again for a while, and lets other threads of its processor run in between,
/// or sleeps. Who waits for less than a sleep costs saves it: one peer alone is back before the driver has gone to sleep
/// and been woken, and of many the requests come in batches. Who waits for more takes no time from others. The driver's,
/// while it waits.
/// </summary>
/// <remarks>
/// As long as the sleep that it may save, and no longer, so that a spin in vain doubles what the wait costs at most. The
/// usual wait is the mean of the last and what was usual before it: requests at random times are now and then close to
/// each other, which is no reason, and after a long sleep it takes a row of short ones.
/// </remarks>
internal struct WaitSpin(TimeProvider clock)
{
    // What it takes a loop and its peer to go to sleep and to be woken, on a processor that goes idle meanwhile.
    private static readonly TimeSpan s_sleepCost = TimeSpan.FromMicroseconds(50);

    private TimeSpan _usual;

    /// <summary>Whether a wait that begins is worth a spin.</summary>
    public readonly bool IsWorthIt => _usual <= s_sleepCost;

    /// <summary>
    /// Whether a spin goes on that has found nothing. A clock that stands still, as a test's may, tells nothing.
    /// </summary>
    /// <param name="began">When the wait began.</param>
    /// <param name="now">When that was asked last, and is now.</param>
    public readonly bool GoesOn(long began, ref long now)
    {
        var before = now;
        now = clock.GetTimestamp();
        return now != before && clock.GetElapsedTime(began, now) <= s_sleepCost;
    }

    /// <summary>A wait is over.</summary>
    public void Note(TimeSpan wait) => _usual = (_usual + wait) / 2;
}
