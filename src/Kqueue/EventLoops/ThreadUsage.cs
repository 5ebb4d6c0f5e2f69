using System.Diagnostics;
using Kqueue.Interop;

namespace Kqueue.EventLoops;

/// <summary>
/// How long a thread has been there, has run, and has waited for a core, up to a moment. The differences of two moments
/// tell a handler that slept from one that computed and from one that was set aside.
/// </summary>
/// <param name="Wall">The time that has passed.</param>
/// <param name="CpuNs">What the thread has run.</param>
/// <param name="QueuedNs">What it has waited for a core; negative where the system does not tell.</param>
internal readonly record struct ThreadUsage(TimeSpan Wall, long CpuNs, long QueuedNs)
{
    /// <summary>A handler that takes less keeps its loop.</summary>
    public static readonly TimeSpan QuickMax = EventLoopGroupOptions.DefaultWatchPeriod;

    // A handler that has slept for less was not worth a hand-over: locks and page faults take some of it, too.
    private static readonly double s_sleptNsMin = QuickMax.TotalNanoseconds / 2;

    // Where nobody tells for how long a thread was set aside, sleep has to be longer than the few slices of other
    // threads that a busy core runs in between: as long as one that is not back is given before it is judged.
    private static readonly double s_unsureSleptNsMin = LeftBehind.LooksUntilTold * QuickMax.TotalNanoseconds;

    /// <summary>
    /// The calling thread's, where the time is the system's; by another clock a thread does nothing but sleep. Costs
    /// some microseconds on Linux.
    /// </summary>
    /// <param name="clock">The time.</param>
    /// <param name="isEnd">
    /// Whether a stretch ends here or begins. The time is asked for first or last, so that what the thread waits for a
    /// core between the questions does not pass for sleep.
    /// </param>
    public static ThreadUsage Now(TimeProvider clock, bool isEnd)
    {
        if (clock != TimeProvider.System)
        {
            return new(clock.GetElapsedTime(0), CpuNs: 0, QueuedNs: 0);
        }

        var before = Stopwatch.GetElapsedTime(0);
        var (cpuNs, queuedNs) = (Libc.ThreadCpuNs(), Libc.ThreadQueuedNs());
        return new(isEnd ? before : Stopwatch.GetElapsedTime(0), cpuNs, queuedNs);
    }

    /// <summary>What a handler did that began at an earlier moment and ended at this.</summary>
    public HandlerStay Since(in ThreadUsage before)
    {
        var wall = Wall - before.Wall;
        return wall <= QuickMax ? HandlerStay.Quick : After(before, wall, TimeSpan.Zero);
    }

    /// <summary>What the last handler did of those that ran between two moments.</summary>
    /// <param name="before">The first moment.</param>
    /// <param name="busy">How much of the time between belongs to handlers.</param>
    /// <param name="others">
    /// How much of that belongs to handlers before the last, which are taken to have computed.
    /// </param>
    public HandlerStay After(in ThreadUsage before, TimeSpan busy, TimeSpan others)
    {
        var ranNs = CpuNs - before.CpuNs;
        var isSure = QueuedNs >= 0 && before.QueuedNs >= 0;
        var sleptNs = busy.TotalNanoseconds - ranNs - (isSure ? QueuedNs - before.QueuedNs : 0);
        return sleptNs >= (isSure ? s_sleptNsMin : s_unsureSleptNsMin) ? HandlerStay.Blocked
            : ranNs - others.TotalNanoseconds >= QuickMax.TotalNanoseconds ? HandlerStay.Computed
            : HandlerStay.SetAside;
    }
}
