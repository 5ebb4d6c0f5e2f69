namespace Kqueue.EventLoops.Driving;

/// <summary>
/// Whether a driver that finds no events asks again for a while, and lets other threads of its processor run in
/// between, before it sleeps. Where waits are shorter than a sleep costs, for each event that they bring, that saves
/// the sleep: one peer alone is back before the driver has gone to sleep and been woken, and of many peers the
/// requests come in batches. Where they are longer, the time is left to others. The driver's, while it waits.
/// </summary>
/// <remarks>
/// It lasts as long as the sleep that it may save, so that one in vain costs no more than that again. A long wait is
/// remembered until a row of short ones has come: requests at random times are close to each other now and then, and a
/// thread that has nothing to do with the loop takes a whole slice of the time that it is offered (Linux
/// kernel/sched/fair.c, yield_task_fair).
/// </remarks>
internal struct WaitSpin(TimeProvider clock)
{
    // What it takes a loop and its peer to go to sleep and to be woken, on a processor that goes idle meanwhile.
    private static readonly TimeSpan s_sleepCost = TimeSpan.FromMicroseconds(50);

    private TimeSpan _longOfLate;

    /// <summary>Whether a wait that begins is worth a spin.</summary>
    public readonly bool IsWorthIt => _longOfLate <= s_sleepCost;

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

    /// <summary>A wait is over that has brought so many events, of peers that each came after a part of it.</summary>
    public void Note(TimeSpan wait, int events)
    {
        var each = wait / Math.Max(events, 1);
        _longOfLate = each > _longOfLate ? each : (_longOfLate + each) / 2;
    }
}
