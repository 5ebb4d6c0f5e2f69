namespace Kqueue.EventLoops;

/// <summary>
/// Whether a driver lets other threads of its processor run before it waits. The peers that were just answered are
/// often such threads, and what they send meanwhile comes in one batch and without a sleep: half as much again in
/// requests per second, at a quarter less of processor time each. The driver's own.
/// </summary>
/// <remarks>
/// A thread that has nothing to do with this loop takes a whole time slice and gives nothing for it (Linux
/// kernel/sched/fair.c, yield_task_fair: the yielding thread goes behind all others). Such a yield is found out by the
/// time that each event of the batch has cost, and the next ones are left out: the more, the more of them were bad.
/// </remarks>
internal struct BatchingYield(TimeProvider clock)
{
    /// <summary>What an event of a batch may cost in waiting: more than a peer takes to send one.</summary>
    public static readonly TimeSpan WaitPerEventMax = TimeSpan.FromMicroseconds(50);

    /// <summary>The most turns in a row that are left out before the next try.</summary>
    public const int SkippedMax = 1024;

    private int _skipsLeft;
    private int _skipsNext;
    private long _start;

    /// <summary>Whether to yield in this turn.</summary>
    public bool MustYield()
    {
        if (_skipsLeft > 0)
        {
            _skipsLeft--;
            return false;
        }

        return true;
    }

    /// <summary>Lets others run.</summary>
    public void Yield()
    {
        _start = clock.GetTimestamp();
        Thread.Yield();
    }

    /// <summary>The queue was asked, and this is how many events it had.</summary>
    public void OnAsked(int events)
    {
        if (clock.GetElapsedTime(_start) <= WaitPerEventMax * Math.Max(events, 1))
        {
            _skipsNext = 0;
            return;
        }

        _skipsNext = Math.Clamp(_skipsNext * 2, 1, SkippedMax);
        _skipsLeft = _skipsNext;
    }
}
