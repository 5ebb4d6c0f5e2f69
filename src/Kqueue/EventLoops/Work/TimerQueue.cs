namespace Kqueue.EventLoops.Work;

/// <summary>
/// The timers of one loop: a binary heap by deadline. Any thread adds and removes; the driver takes what is due.
/// </summary>
internal sealed class TimerQueue(TimeProvider clock)
{
    private readonly Lock _gate = new();

    // Under _gate, but for the earliest deadline: the driver asks at every turn.
    private readonly DeadlineHeap<LoopTimer> _heap = new();
    private bool _hasEnded;

    /// <summary>Sets a timer, or calls it off; true when the loop may have to be woken for it.</summary>
    public bool Set(LoopTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        var now = clock.GetTimestamp();
        lock (_gate)
        {
            _heap.Remove(timer);
            timer.Successor?.Dispose();
            timer.Period = TicksOf(period);
            var isSet = dueTime != Timeout.InfiniteTimeSpan && !timer.IsDisposed;
            if (isSet)
            {
                timer.Deadline = now + Math.Min(TicksOf(dueTime), long.MaxValue - now);
                Add(timer, now);
            }

            return isSet && _heap.First == timer;
        }
    }

    /// <summary>The loop has ended: the timers fire on the thread pool, at their time.</summary>
    public void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
            for (var now = clock.GetTimestamp(); _heap.First is { } timer;)
            {
                _heap.Remove(timer);
                Add(timer, now);
            }
        }
    }

    /// <summary>Whether a timer is due.</summary>
    public bool IsDue(long now) => _heap.Earliest <= now;

    /// <summary>Takes the earliest timer if it is due.</summary>
    public LoopTimer? TakeDue(long now)
    {
        lock (_gate)
        {
            if (_heap.First is not { } timer || timer.Deadline > now)
            {
                return null;
            }

            _heap.Remove(timer);
            if (timer.Period > 0)
            {
                // What the loop came too late for is left out.
                timer.Deadline += timer.Period * (1 + ((now - timer.Deadline) / timer.Period));
                _heap.Add(timer);
            }

            return timer;
        }
    }

    /// <summary>How long the loop may wait, in nanoseconds, or <see cref="KernelQueue.InfiniteTimeout"/>.</summary>
    public long NanosecondsToEarliest(long now)
    {
        var earliest = _heap.Earliest;
        if (earliest == long.MaxValue)
        {
            return KernelQueue.InfiniteTimeout;
        }

        var ticks = Math.Max(0, earliest - now);
        return (long)Math.Ceiling(ticks * (1e9 / clock.TimestampFrequency));
    }

    private void Add(LoopTimer timer, long now)
    {
        if (_hasEnded)
        {
            Succeed(timer, now);
        }
        else
        {
            _heap.Add(timer);
        }
    }

    // No context flows, as on a loop that lives: not that of who ends it, nor that of who sets the timer anew.
    private void Succeed(LoopTimer timer, long now)
    {
        using var flow = ExecutionContext.SuppressFlow();
        timer.Successor = clock.CreateTimer(
            static timer => ((IThreadPoolWorkItem)timer!).Execute(),
            timer,
            Shorten(clock.GetElapsedTime(now, Math.Max(timer.Deadline, now))),
            timer.Period > 0 ? Shorten(clock.GetElapsedTime(0, timer.Period)) : Timeout.InfiniteTimeSpan);
    }

    // What a timer of the system takes at most.
    private static TimeSpan Shorten(TimeSpan time) => time.TotalMilliseconds < uint.MaxValue - 1
        ? time
        : TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    // So much at most that sums of two do not overflow.
    private long TicksOf(TimeSpan time) =>
        (long)Math.Min(Math.Max(0, time.TotalSeconds) * clock.TimestampFrequency, long.MaxValue / 4);
}
