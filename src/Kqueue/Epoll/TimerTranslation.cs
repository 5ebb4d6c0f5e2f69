using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>What a TIMER change means for a timerfd.</summary>
internal static class TimerTranslation
{
    private const KEventNotes Units =
        KEventNotes.Seconds | KEventNotes.Milliseconds | KEventNotes.Microseconds | KEventNotes.Nanoseconds;

    /// <summary>CLEAR is automatic (kqueue(2), EVFILT_TIMER), and an absolute timer fires once.</summary>
    public static KEventFlags ImpliedMode(in KEvent change) =>
        KEventFlags.Clear | (IsAbsolute(change) ? KEventFlags.OneShot : KEventFlags.None);

    public static bool IsAbsolute(in KEvent change) => IsAbsolute(change.Notes);

    public static bool IsAbsolute(KEventNotes notes) => (notes & KEventNotes.Absolute) != 0;

    /// <summary>Whether no timer can be set so: a negative time, or two units at once.</summary>
    public static bool IsOutOfRange(in KEvent change) =>
        change.Data < 0 || System.Numerics.BitOperations.PopCount((uint)(change.Notes & Units)) > 1;

    /// <summary>The setting of a timer; one that fires once has no interval.</summary>
    public static TimerSetting SettingOf(long amount, KEventNotes notes, bool isOneShot)
    {
        // A zero would disarm the timerfd, but a kqueue fires at once: the shortest time there is stands for it.
        var value = amount == 0 ? new TimeSpec { Nanoseconds = 1 } : ToTimeSpec(amount, notes);
        return new TimerSetting { Value = value, Interval = isOneShot ? default : value };
    }

    private static TimeSpec ToTimeSpec(long amount, KEventNotes notes)
    {
        var perSecond = UnitsPerSecond(notes);
        return new TimeSpec
        {
            Seconds = amount / perSecond,
            Nanoseconds = amount % perSecond * (TimeSpec.NanosecondsPerSecond / perSecond),
        };
    }

    private static long UnitsPerSecond(KEventNotes notes) => (notes & Units) switch
    {
        KEventNotes.Seconds => 1,
        KEventNotes.Microseconds => 1_000_000,
        KEventNotes.Nanoseconds => TimeSpec.NanosecondsPerSecond,
        _ => 1_000,
    };
}
