namespace Kqueue;

/// <summary>What the time of a TIMER change means, the same on every backend.</summary>
internal static class TimerTime
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public const KEventNotes Units =
        KEventNotes.Seconds | KEventNotes.Milliseconds | KEventNotes.Microseconds | KEventNotes.Nanoseconds;

    /// <summary>
    /// The time in the change's unit. A period of zero is one unit, and a point in time that has passed is the present
    /// one: newer FreeBSDs do both by themselves, 13 answers EINVAL to a point before its boot (kern_event.c,
    /// filt_timervalidate).
    /// </summary>
    public static long AmountOf(in KEvent change)
    {
        if ((change.Notes & KEventNotes.Absolute) != 0)
        {
            return Math.Max(change.Data, WallClockNs() / NanosecondsPer(change.Notes));
        }

        return change.Data == 0 && (change.Flags & KEventFlags.OneShot) == 0 ? 1 : change.Data;
    }

    /// <summary>
    /// How long from the present moment on; times beyond 292 years are that. A point in time is turned into that once,
    /// when the change is applied, as on FreeBSD: a later step of the wall clock does not move the timer.
    /// </summary>
    public static long NanosecondsOf(in KEvent change)
    {
        var amount = AmountOf(change);
        var perUnit = NanosecondsPer(change.Notes);
        var total = amount > long.MaxValue / perUnit ? long.MaxValue : amount * perUnit;
        return (change.Notes & KEventNotes.Absolute) != 0 ? Math.Max(total - WallClockNs(), 0) : total;
    }

    private static long NanosecondsPer(KEventNotes notes) => (notes & Units) switch
    {
        KEventNotes.Seconds => NanosecondsPerSecond,
        KEventNotes.Microseconds => 1_000,
        KEventNotes.Nanoseconds => 1,
        _ => 1_000_000,
    };

    private static long WallClockNs() =>
        (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick;
}
