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

    private readonly Lock _gate = new();

    // Under _gate. The last one to stand by is the first to be called: its caches are warm, and the others age.
    private readonly List<LoopThread> _standby = [];
    private int _count;
    private bool _isStopped;

    private long _handOvers;
    private long _handOversRefused;

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
    public long HandOvers => Volatile.Read(ref _handOvers);

    /// <summary>How often a loop stayed with a stuck thread because no other was left.</summary>
    public long HandOversRefused => Volatile.Read(ref _handOversRefused);

    /// <summary>Gives a loop that nobody drives to a thread.</summary>
    public void Drive(LoopDriver driver)
    {
        var thread = Take(reserve: 0) ?? throw new InvalidOperationException(
            "The system has no thread for an event loop. Raise its limits of threads, memory and descriptors.");
        thread.Assign(driver, work: null);
    }

    /// <summary>Takes a loop from a driver that has not moved since <paramref name="seen"/>.</summary>
    /// <returns>Whether there was a thread for it.</returns>
    public bool TryTakeOver(EventLoop loop, ClaimWord seen)
    {
        // The thread comes first: a loop must not be taken from its driver when nobody is there to go on with it.
        var thread = Take(reserve: 0);
        if (thread is null)
        {
            Interlocked.Increment(ref _handOversRefused);
            return false;
        }

        var driver = loop.TryTakeOver(seen);
        if (driver is null)
        {
            if (!StandBy(thread))
            {
                thread.Dismiss();
            }

            return true;
        }

        Interlocked.Increment(ref _handOvers);
        thread.Assign(driver, work: null);
        return true;
    }

    /// <summary>
    /// Runs work on a thread of the group; false when all are busy and no more may be made. One thread for each loop
    /// is always left, so that offloaded work cannot keep a stuck loop from being taken over.
    /// </summary>
    public bool TryOffload(IThreadPoolWorkItem work)
    {
        var thread = Take(reserve: loopCount);
        thread?.Assign(driver: null, work);
        return thread is not null;
    }

    /// <summary>Lets the threads end: those that stand by at once, the others when they come back.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _count -= _standby.Count;
            _standby.ForEach(thread => thread.Dismiss());
            _standby.Clear();
        }
    }

    /// <summary>Puts a thread back; false when it shall end instead.</summary>
    internal bool StandBy(LoopThread thread)
    {
        lock (_gate)
        {
            if (_isStopped)
            {
                _count--;
                return false;
            }

            _standby.Add(thread);
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

    private LoopThread? Take(int reserve)
    {
        lock (_gate)
        {
            var busy = _count - _standby.Count;
            if (_isStopped || busy + reserve >= loopCount + standbyMax)
            {
                return null;
            }

            if (_standby.Count > 0)
            {
                var last = _standby[^1];
                _standby.RemoveAt(_standby.Count - 1);
                return last;
            }

            _count++;
        }

        return TryMake();
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
