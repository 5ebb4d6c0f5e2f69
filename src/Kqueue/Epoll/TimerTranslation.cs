using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>What a TIMER change means for a timerfd.</summary>
internal static class TimerTranslation
{
    /// <summary>CLEAR is automatic (kqueue(2), EVFILT_TIMER), and an absolute timer fires once.</summary>
    public static KEventFlags ImpliedMode(in KEvent change) =>
        KEventFlags.Clear | (IsAbsolute(change) ? KEventFlags.OneShot : KEventFlags.None);

    public static bool IsAbsolute(in KEvent change) => IsAbsolute(change.Notes);

    public static bool IsAbsolute(KEventNotes notes) => (notes & KEventNotes.Absolute) != 0;

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

    private static long UnitsPerSecond(KEventNotes notes) => (notes & ChangeList.TimerUnits) switch
    {
        KEventNotes.Seconds => 1,
        KEventNotes.Microseconds => 1_000_000,
        KEventNotes.Nanoseconds => TimeSpec.NanosecondsPerSecond,
        _ => 1_000,
    };
}
