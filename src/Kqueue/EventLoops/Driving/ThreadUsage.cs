using System.Diagnostics;
using Kqueue.Interop;

namespace Kqueue.EventLoops.Driving;

/// <summary>
/// How long a thread has been there, has run, and has waited for a core, up to a moment. The differences of two moments
/// tell a handler that slept from one that computed and from one that was set aside.
/// </summary>
/// <param name="Wall">The time that has passed.</param>
/// <param name="CpuNs">What the thread has run.</param>
/// <param name="QueuedNs">What it has waited for a core; negative where the system does not tell.</param>
/// <param name="Paused">For how long the runtime has stopped all threads, to collect garbage.</param>
/// <param name="Sleeps">How often it has gone to sleep; negative where the system does not tell.</param>
internal readonly record struct ThreadUsage(TimeSpan Wall, long CpuNs, long QueuedNs, TimeSpan Paused, long Sleeps)
{
    /// <summary>A handler that takes less keeps its loop.</summary>
    public static readonly TimeSpan QuickMax = EventLoopGroupOptions.DefaultWatchPeriod;

    /// <summary>
    /// A handler that has slept, or run, for less was not worth a hand-over: locks and page faults take some of it,
    /// too.
    /// </summary>
    public static readonly double StayNsMin = QuickMax.TotalNanoseconds / 2;

    /// <summary>
    /// Where nobody tells for how long a thread was set aside, or it was for long, sleep has to be longer than the few
    /// slices of other threads that a busy core runs in between: as long as one that is not back is given before it is
    /// judged.
    /// </summary>
    public static readonly double UnsureSleptNsMin = LoopWatch.LooksMin * QuickMax.TotalNanoseconds;

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
            return new(clock.GetElapsedTime(0), CpuNs: 0, QueuedNs: 0, Paused: TimeSpan.Zero, Sleeps: -1);
        }

        var before = Stopwatch.GetElapsedTime(0);
        var (cpuNs, queuedNs, sleeps) = (Libc.ThreadCpuNs(), Libc.ThreadQueuedNs(), Libc.ThreadSleeps());
        return new(isEnd ? before : Stopwatch.GetElapsedTime(0), cpuNs, queuedNs, GC.GetTotalPauseDuration(), sleeps);
    }

    /// <summary>What a handler did that began at an earlier moment and ended at this.</summary>
    public HandlerStay Since(in ThreadUsage before)
    {
        var wall = Wall - before.Wall;
        return wall <= QuickMax
            ? HandlerStay.Quick
            : After(before, wall, CpuNs - before.CpuNs, waits: 0, asked: TimeSpan.Zero);
    }

    /// <summary>What the last handler did of those that ran between two moments.</summary>
    /// <param name="before">The first moment.</param>
    /// <param name="busy">How much of the time between belongs to handlers.</param>
    /// <param name="ranNs">How much of that, at least, the last handler has run.</param>
    /// <param name="waits">How often the thread has slept between handlers, at most.</param>
    /// <param name="asked">For how long it has run, or waited for a core, between handlers.</param>
    public HandlerStay After(in ThreadUsage before, TimeSpan busy, long ranNs, int waits, TimeSpan asked)
    {
        // The time that a virtual machine's host takes from a core is neither run nor waited for: only who has gone to
        // sleep has slept.
        var hasSlept = Sleeps < 0 || before.Sleeps < 0 || Sleeps - before.Sleeps > waits;
        // Where cores are short, a sleep may be for a lock whose holder has none.
        var queuedNs = QueuedNs >= 0 && before.QueuedNs >= 0 ? QueuedNs - before.QueuedNs : 0;
        var isSure = QueuedNs >= 0 && before.QueuedNs >= 0 && queuedNs - asked.TotalNanoseconds < StayNsMin;
        var awakeNs = Math.Max(CpuNs - before.CpuNs + queuedNs - asked.TotalNanoseconds, 0);
        var sleptNs = (busy - (Paused - before.Paused)).TotalNanoseconds - awakeNs;
        return hasSlept && sleptNs >= (isSure ? StayNsMin : UnsureSleptNsMin) ? HandlerStay.Blocked
            : ranNs >= StayNsMin ? HandlerStay.Computed
            : HandlerStay.SetAside;
    }
}
