namespace Kqueue.EventLoops;

/// <summary>
/// The threads of a group: each drives a loop, runs a piece of offloaded work, or stands by for either. There are at
/// most one per loop and the standby bound, but for those that are started while all others are stuck.
/// </summary>
internal sealed class LoopThreads(int loopCount, int standbyMax, TimeSpan standbyTime)
{
    /// <summary>
    /// A thread that had nothing to do for so long ends: a burst of blocking handlers leaves no threads behind.
    /// </summary>
    public static readonly TimeSpan DefaultStandbyTime = TimeSpan.FromSeconds(10);

    // Threads that may be busy while the reserve is whole. The reserve is one thread for each loop, so that handlers
    // which run on all loops can block at once and every loop goes on; but no more than half of the standby threads,
    // which would otherwise leave few of them to block in, or none, where there are many loops.
    private readonly int _busyBesideReserve = loopCount + standbyMax - Math.Min(loopCount, standbyMax / 2);

    private readonly Lock _gate = new();

    // Under _gate. The last one to stand by is the first to be called: its caches are warm, and the others age.
    private readonly List<LoopThread> _standby = [];
    private bool _isStopped;

    // Threads that do not stand by. Written under _gate.
    private int _busy;

    // Under _gate. While there is some, as many threads are busy as it may have: each that comes back takes the next.
    private readonly Backlog _backlog = new();

    // Under _gate. Threads beyond the bound, which run what has waited for too long.
    private int _extra;

    private long _handOvers;
    private long _refusedHandOvers;
    private long _reserveUses;

    /// <summary>Where the loops run; null is anywhere.</summary>
    public LoopProcessors? Processors { get; init; }

    /// <summary>How many threads there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _busy + _standby.Count + _extra;
            }
        }
    }

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

    /// <summary>How often a loop was taken over by a thread of the reserve.</summary>
    public long ReserveUseCount => Volatile.Read(ref _reserveUses);

    /// <summary>Whether offloaded work waits for a thread.</summary>
    public bool HasBacklog => !_backlog.IsEmpty;

    /// <summary>
    /// Whether the threads that are kept for hand-overs are all there. While they are, the asking loop has one to be
    /// handed to, should what it runs next block. From any thread, without the lock.
    /// </summary>
    public bool HasReserve => Volatile.Read(ref _busy) <= _busyBesideReserve;

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
        if (!HasReserve)
        {
            Interlocked.Increment(ref _reserveUses);
        }

        thread.Assign(driver, work: null);
        return true;
    }

    /// <summary>
    /// Runs work on a thread of the group, in the order of the calls, when one is left for it or comes back. The
    /// reserve is always left, so that offloaded work cannot keep a stuck loop from being taken over. False when there
    /// are no threads for this.
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

            if (!MayOffload(_busy))
            {
                _backlog.Add(work);
                return true;
            }

            thread = TakeStandby();
        }

        thread ??= TryMake();
        thread?.Assign(driver: null, work);
        return thread is not null;
    }

    /// <summary>
    /// Looks whether offloaded work waits for too long; then one more thread begins to run it. On the watch.
    /// </summary>
    public void LookAtBacklog()
    {
        if (!HasBacklog)
        {
            return;
        }

        lock (_gate)
        {
            if (!_backlog.Look())
            {
                return;
            }

            _extra++;
        }

        StartExtra();
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
            _standby.ForEach(thread => thread.Dismiss());
            _standby.Clear();
            while (_backlog.TakeAtStop() is { } work)
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
            next = MayOffload(_busy - 1) ? _backlog.TakeOnReturn() : null;
            if (next is not null)
            {
                return true;
            }

            _busy--;
            if (!_isStopped)
            {
                _standby.Add(thread);
            }

            return !_isStopped;
        }
    }

    /// <summary>A thread has stood by for long enough and ends, unless it has just been called.</summary>
    internal bool TryLeave(LoopThread thread)
    {
        lock (_gate)
        {
            return _standby.Remove(thread);
        }
    }

    private LoopThread? Take()
    {
        LoopThread? thread;
        lock (_gate)
        {
            if (_isStopped || _busy >= loopCount + standbyMax)
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
        _busy++;
        if (_standby.Count == 0)
        {
            return null;
        }

        var last = _standby[^1];
        _standby.RemoveAt(_standby.Count - 1);
        return last;
    }

    // Under _gate: whether a thread may take offloaded work while so many others are busy.
    private bool MayOffload(int busy) => busy < _busyBesideReserve;

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
                _busy--;
            }

            return null;
        }
    }

    // A thread of its own, and not the thread pool's: what has held all the others for so long would soon hold the
    // few that the pool has, and everybody else who needs them.
    private void StartExtra()
    {
        try
        {
            new Thread(RunExtra) { Name = "kqueue extra", IsBackground = true }.Start();
        }
        catch (OutOfMemoryException)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => RunExtra(), null);
        }
    }

    private void RunExtra()
    {
        int? returns = null;
        while (TakeForExtra(ref returns) is { } work)
        {
            work.Execute();
        }
    }

    /// <summary>The next piece for an extra thread; null when it shall end.</summary>
    private IThreadPoolWorkItem? TakeForExtra(ref int? returns)
    {
        lock (_gate)
        {
            // Another thread came back meanwhile, and those are enough.
            var work = returns is null || returns == _backlog.Returns ? _backlog.TakeForExtra() : null;
            returns = _backlog.Returns;
            _extra -= work is null ? 1 : 0;
            return work;
        }
    }
}
