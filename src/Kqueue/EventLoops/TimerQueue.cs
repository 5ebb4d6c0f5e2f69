namespace Kqueue.EventLoops;

/// <summary>
/// The timers of one loop: a binary heap by deadline. Any thread adds and removes; the driver takes what is due.
/// </summary>
internal sealed class TimerQueue(TimeProvider clock)
{
    private readonly Lock _gate = new();

    // Under _gate. Each timer knows its index, so that removal needs no search.
    private readonly List<LoopTimer> _heap = [];

    // Written under _gate, read without it: the driver asks at every turn.
    private long _earliest = long.MaxValue;

    /// <summary>Adds a timer; <paramref name="isEarliest"/> says that the loop may have to be woken for it.</summary>
    public LoopTimer Add(TimeSpan dueTime, Action<object?> callback, object? state, out bool isEarliest)
    {
        var now = clock.GetTimestamp();
        var ticks = (long)(dueTime.TotalSeconds * clock.TimestampFrequency);
        var timer = new LoopTimer(this, now + Math.Min(ticks, long.MaxValue - now), callback, state);
        lock (_gate)
        {
            _heap.Add(timer);
            timer.HeapIndex = _heap.Count - 1;
            SiftUp(timer.HeapIndex);
            isEarliest = timer.HeapIndex == 0;
            PublishEarliest();
        }

        return timer;
    }

    public void Remove(LoopTimer timer)
    {
        lock (_gate)
        {
            if (timer.HeapIndex >= 0)
            {
                RemoveAt(timer.HeapIndex);
            }
        }
    }

    /// <summary>Whether a timer is due.</summary>
    public bool IsDue
    {
        get
        {
            var earliest = Volatile.Read(ref _earliest);
            return earliest != long.MaxValue && earliest <= clock.GetTimestamp();
        }
    }

    /// <summary>Takes the earliest timer if it is due.</summary>
    public LoopTimer? TakeDue()
    {
        lock (_gate)
        {
            if (_heap.Count == 0 || _heap[0].Deadline > clock.GetTimestamp())
            {
                return null;
            }

            var timer = _heap[0];
            RemoveAt(0);
            return timer;
        }
    }

    /// <summary>How long the loop may wait, in nanoseconds, or <see cref="KernelQueue.InfiniteTimeout"/>.</summary>
    public long NanosecondsToEarliest()
    {
        var earliest = Volatile.Read(ref _earliest);
        if (earliest == long.MaxValue)
        {
            return KernelQueue.InfiniteTimeout;
        }

        var ticks = Math.Max(0, earliest - clock.GetTimestamp());
        return (long)Math.Ceiling(ticks * (1e9 / clock.TimestampFrequency));
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
