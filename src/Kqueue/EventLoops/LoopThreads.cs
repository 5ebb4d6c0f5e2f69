namespace Kqueue.EventLoops;

/// <summary>
/// The threads of a group: each drives a loop, runs a piece of offloaded work, or stands by for either. There are at
/// most one per loop and the standby bound.
/// </summary>
internal sealed class LoopThreads(int loopCount, int standbyMax, TimeSpan standbyTime)
{
    /// <summary>
    /// A thread that had nothing to do for so long ends: a burst of blocking handlers leaves no threads behind.
    /// </summary>
    public static readonly TimeSpan DefaultStandbyTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Looks of the watch without progress after which offloaded work goes to the thread pool, a piece at each look.
    /// Longer than most handlers block; what holds all threads for so long may be waiting for just that work.
    /// </summary>
    public const int LooksAtBacklogMax = 100;

    private readonly Lock _gate = new();

    // Under _gate. The last one to stand by is the first to be called: its caches are warm, and the others age.
    private readonly List<LoopThread> _standby = [];
    private int _count;
    private bool _isStopped;

    // Offloaded work that no thread was left for. Under _gate. While there is some, as many threads are busy as it may
    // have: each that comes back takes the next.
    private readonly Queue<IThreadPoolWorkItem> _backlog = new();

    // How much that is, for the watch, which asks without the lock.
    private int _backlogCount;

    // Looks of the watch since it began or a thread took some of it. Under _gate.
    private int _looksAtBacklog;

    private long _handOvers;
    private long _refusedHandOvers;

    /// <summary>Where the loops run; null is anywhere.</summary>
    public LoopProcessors? Processors { get; init; }

    /// <summary>How many threads there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them stand by.</summary>
    public int StandbyCount
    {
        get
        {
            lock (_gate)
            {
                return _standby.Count;
            }
        }
    }

    /// <summary>How often a loop was taken from a stuck thread.</summary>
    public long HandOverCount => Volatile.Read(ref _handOvers);

    /// <summary>How often a loop stayed with a stuck thread because no other was left.</summary>
    public long RefusedHandOverCount => Volatile.Read(ref _refusedHandOvers);

    /// <summary>Whether offloaded work waits for a thread.</summary>
    public bool HasBacklog => Volatile.Read(ref _backlogCount) > 0;

    /// <summary>Gives a loop that nobody drives to a thread.</summary>
    public void Drive(LoopDriver driver)
    {
        var thread = Take() ?? throw new InvalidOperationException(
            "The system has no thread for an event loop. Raise its limits of threads, memory and descriptors.");
        thread.Assign(driver, work: null);
    }

    /// <summary>Takes a loop from a driver that has not moved since <paramref name="seen"/>.</summary>
    /// <returns>Whether there was a thread for it.</returns>
    public bool TryTakeOver(EventLoop loop, ClaimWord seen)
    {
        // The thread comes first: a loop must not be taken from its driver when nobody is there to go on with it.
        var thread = Take();
        if (thread is null)
        {
            Interlocked.Increment(ref _refusedHandOvers);
            return false;
        }

        var driver = loop.TryTakeOver(seen);
        if (driver is null)
        {
            Release(thread);
            return true;
        }

        Interlocked.Increment(ref _handOvers);
        thread.Assign(driver, work: null);
        return true;
    }

    /// <summary>
    /// Runs work on a thread of the group, in the order of the calls, when one is left for it or comes back. One thread
    /// for each loop is always left, so that offloaded work cannot keep a stuck loop from being taken over. False when
    /// there are no threads for this.
    /// </summary>
    public bool TryOffload(IThreadPoolWorkItem work)
    {
        LoopThread? thread;
        lock (_gate)
        {
            if (_isStopped || standbyMax <= loopCount)
            {
                return false;
            }

            if (!MayOffload(_count - _standby.Count))
            {
                _looksAtBacklog = HasBacklog ? _looksAtBacklog : 0;
                _backlog.Enqueue(work);
                Volatile.Write(ref _backlogCount, _backlog.Count);
                return true;
            }

            thread = TakeStandby();
        }

        thread ??= TryMake();
        thread?.Assign(driver: null, work);
        return thread is not null;
    }

    /// <summary>
    /// Looks whether offloaded work waits for too long; then a piece of it goes to the thread pool. On the watch.
    /// </summary>
    public void LookAtBacklog()
    {
        if (!HasBacklog)
        {
            return;
        }

        IThreadPoolWorkItem? overdue;
        lock (_gate)
        {
            overdue = ++_looksAtBacklog > LooksAtBacklogMax ? TakeBacklog() : null;
        }

        if (overdue is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(overdue, preferLocal: false);
        }
    }

    /// <summary>
    /// Lets the threads end: those that stand by at once, the others when they come back. Work that waits for one goes
    /// to the thread pool.
    /// </summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _count -= _standby.Count;
            _standby.ForEach(thread => thread.Dismiss());
            _standby.Clear();
            while (TakeBacklog() is { } work)
            {
                ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
            }
        }
    }

    /// <summary>
    /// Puts a thread back, or gives it the next piece of offloaded work; false when it shall end instead.
    /// </summary>
    internal bool StandBy(LoopThread thread, out IThreadPoolWorkItem? next)
    {
        lock (_gate)
        {
            next = null;
            if (_isStopped)
            {
                _count--;
                return false;
            }

            var others = _count - _standby.Count - 1;
            next = MayOffload(others) ? TakeBacklog() : null;
            if (next is null)
            {
                _standby.Add(thread);
            }
            else
            {
                _looksAtBacklog = 0;
            }

            return true;
        }
    }

    /// <summary>A thread has stood by for long enough and ends, unless it has just been called.</summary>
    internal bool TryLeave(LoopThread thread)
    {
        lock (_gate)
        {
            var leaves = _standby.Remove(thread);
            _count -= leaves ? 1 : 0;
            return leaves;
        }
    }

    private LoopThread? Take()
    {
        LoopThread? thread;
        lock (_gate)
        {
            if (_isStopped || _count - _standby.Count >= loopCount + standbyMax)
            {
                return null;
            }

            thread = TakeStandby();
        }

        return thread ?? TryMake();
    }

    // Under _gate. Null when the caller has to make one, which is counted.
    private LoopThread? TakeStandby()
    {
        if (_standby.Count == 0)
        {
            _count++;
            return null;
        }

        var last = _standby[^1];
        _standby.RemoveAt(_standby.Count - 1);
        return last;
    }

    // Under _gate.
    private IThreadPoolWorkItem? TakeBacklog()
    {
        _backlog.TryDequeue(out var work);
        Volatile.Write(ref _backlogCount, _backlog.Count);
        return work;
    }

    // Under _gate: whether a thread may take offloaded work while so many others are busy.
    private bool MayOffload(int busy) => busy < standbyMax;

    /// <summary>Gives back a thread that was taken for nothing.</summary>
    private void Release(LoopThread thread)
    {
        if (!StandBy(thread, out var next))
        {
            thread.Dismiss();
        }
        else if (next is not null)
        {
            thread.Assign(driver: null, next);
        }
    }

    // Also a process that has run out of descriptors gets no thread on Linux, whose runtime gives each a pipe.
    private LoopThread? TryMake()
    {
        try
        {
            return new LoopThread(this, standbyTime);
        }
        catch (OutOfMemoryException)
        {
            lock (_gate)
            {
                _count--;
            }

            return null;
        }
    }
}
