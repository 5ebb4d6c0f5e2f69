namespace Kqueue.EventLoops;

/// <summary>
/// The timers of one loop: a binary heap by deadline. Any thread adds and removes; the driver takes what is due.
/// </summary>
internal sealed class TimerQueue(TimeProvider clock)
{
    private readonly Lock _gate = new();

    // Under _gate. Each timer knows its index, so that removal needs no search.
    private readonly List<LoopTimer> _heap = [];
    private bool _hasEnded;

    // Written under _gate, read without it: the driver asks at every turn.
    private long _earliest = long.MaxValue;

    /// <summary>Sets a timer, or calls it off; true when the loop may have to be woken for it.</summary>
    public bool Set(LoopTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        var now = clock.GetTimestamp();
        lock (_gate)
        {
            if (timer.HeapIndex >= 0)
            {
                RemoveAt(timer.HeapIndex);
            }

            timer.Successor?.Dispose();
            timer.Period = TicksOf(period);
            if (dueTime == Timeout.InfiniteTimeSpan || timer.IsDisposed)
            {
                return false;
            }

            timer.Deadline = now + Math.Min(TicksOf(dueTime), long.MaxValue - now);
            if (_hasEnded)
            {
                Succeed(timer, now);
                return false;
            }

            Add(timer);
            return timer.HeapIndex == 0;
        }
    }

    /// <summary>The loop has ended: the timers fire on the thread pool, at their time.</summary>
    public void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
            _heap.ForEach(timer => Succeed(timer, clock.GetTimestamp()));
            _heap.ForEach(timer => timer.HeapIndex = -1);
            _heap.Clear();
        }
    }

    /// <summary>Whether a timer is due.</summary>
    public bool IsDue(long now)
    {
        var earliest = Volatile.Read(ref _earliest);
        return earliest != long.MaxValue && earliest <= now;
    }

    /// <summary>Takes the earliest timer if it is due.</summary>
    public LoopTimer? TakeDue(long now)
    {
        lock (_gate)
        {
            if (_heap.Count == 0 || _heap[0].Deadline > now)
            {
                return null;
            }

            var timer = _heap[0];
            RemoveAt(0);
            if (timer.Period > 0)
            {
                // What the loop came too late for is left out.
                timer.Deadline += timer.Period * (1 + ((now - timer.Deadline) / timer.Period));
                Add(timer);
            }

            return timer;
        }
    }

    /// <summary>How long the loop may wait, in nanoseconds, or <see cref="KernelQueue.InfiniteTimeout"/>.</summary>
    public long NanosecondsToEarliest(long now)
    {
        var earliest = Volatile.Read(ref _earliest);
        if (earliest == long.MaxValue)
        {
            return KernelQueue.InfiniteTimeout;
        }

        var ticks = Math.Max(0, earliest - now);
        return (long)Math.Ceiling(ticks * (1e9 / clock.TimestampFrequency));
    }

    private void Succeed(LoopTimer timer, long now) => timer.Successor = clock.CreateTimer(
        static timer => ((IThreadPoolWorkItem)timer!).Execute(),
        timer,
        Shorten(clock.GetElapsedTime(now, Math.Max(timer.Deadline, now))),
        timer.Period > 0 ? Shorten(clock.GetElapsedTime(0, timer.Period)) : Timeout.InfiniteTimeSpan);

    // What a timer of the system takes at most.
    private static TimeSpan Shorten(TimeSpan time) => time.TotalMilliseconds < uint.MaxValue - 1
        ? time
        : TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private long TicksOf(TimeSpan time) =>
        (long)(Math.Max(0, time.TotalSeconds) * clock.TimestampFrequency);

    private void Add(LoopTimer timer)
    {
        _heap.Add(timer);
        timer.HeapIndex = _heap.Count - 1;
        SiftUp(timer.HeapIndex);
        PublishEarliest();
    }

    private void RemoveAt(int index)
    {
        _heap[index].HeapIndex = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (index < _heap.Count)
        {
            Place(last, index);
            SiftDown(index);
            SiftUp(last.HeapIndex);
        }

        PublishEarliest();
    }

    private void SiftUp(int index)
    {
        while (index > 0 && _heap[index].Deadline < _heap[(index - 1) / 2].Deadline)
        {
            Swap(index, (index - 1) / 2);
            index = (index - 1) / 2;
        }
    }

    private void SiftDown(int index)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= _heap.Count)
            {
                return;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].Deadline < _heap[child].Deadline)
            {
                child++;
            }

            if (_heap[index].Deadline <= _heap[child].Deadline)
            {
                return;
            }

            Swap(index, child);
            index = child;
        }
    }

    private void Swap(int left, int right)
    {
        var moved = _heap[left];
        Place(_heap[right], left);
        Place(moved, right);
    }

    private void Place(LoopTimer timer, int index)
    {
        _heap[index] = timer;
        timer.HeapIndex = index;
    }

    private void PublishEarliest() =>
        Volatile.Write(ref _earliest, _heap.Count == 0 ? long.MaxValue : _heap[0].Deadline);
}
