namespace Kqueue.EventLoops.Threads;

/// <summary>
/// The threads of a group: each drives a loop, is left behind in a handler that a loop was taken from, or stands by.
/// </summary>
/// <remarks>
/// While fewer are left behind than the bound, a handler may give its loop away, or begin on the loop though it may
/// block. Each loop begins one such handler at a time, so that a loop which is taken by force finds a thread even at
/// the bound: one for each loop is made beyond it.
/// </remarks>
internal sealed class LoopThreads(int loopCount, int standbyMax, TimeSpan standbyTime) : IStandbyThreads
{
    /// <summary>
    /// A thread that had nothing to do for so long ends: a burst of blocking handlers leaves no threads behind.
    /// </summary>
    public static readonly TimeSpan DefaultStandbyTime = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();

    // Under _gate. The last one to stand by is the first to be called: its caches are warm, and the others age.
    private readonly List<LoopThread> _standby = [];
    private bool _isStopped;

    // Threads that do not stand by. Written under _gate.
    private int _busy;

    /// <summary>Where the loops run; null is anywhere.</summary>
    public LoopProcessors? Processors { get; init; }

    /// <summary>Called when the system refuses a thread, on any thread. It must not throw.</summary>
    public Action? Refused { get; init; }

    /// <inheritdoc/>
    public bool CanLeaveBehind => Volatile.Read(ref _busy) < (long)loopCount + standbyMax;

    /// <summary>How long a thread stands by before it ends.</summary>
    public TimeSpan StandbyTime { get; } = standbyTime;

    /// <summary>How many threads there are, and how many of them stand by.</summary>
    public (int All, int StandingBy) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_busy + _standby.Count, _standby.Count);
            }
        }
    }

    /// <summary>Starts a loop on a thread.</summary>
    /// <exception cref="InvalidOperationException">The system has no thread.</exception>
    public void Start(EventLoop loop)
    {
        var thread = Take(isForced: true) ?? throw new InvalidOperationException(
            "The system has no thread for an event loop. Raise its limits of threads, memory and descriptors.");
        thread.Drive(loop.TakeStart());
    }

    /// <inheritdoc/>
    public IStandbyThread? Take(bool isForced)
    {
        LoopThread? thread = null;
        lock (_gate)
        {
            if (_isStopped || _busy >= (long)loopCount + standbyMax + (isForced ? loopCount : 0))
            {
                return null;
            }

            _busy++;
            if (_standby.Count > 0)
            {
                thread = _standby[^1];
                _standby.RemoveAt(_standby.Count - 1);
            }
        }

        return thread ?? TryMake();
    }

    /// <summary>Lets the threads end: those that stand by at once, the others when they come back.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopped = true;
            _busy += _standby.Count;
            _standby.ForEach(thread => thread.GiveBack());
            _standby.Clear();
        }
    }

    /// <summary>Puts a thread back; false when it shall end instead.</summary>
    internal bool TryReturn(LoopThread thread)
    {
        lock (_gate)
        {
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

    // Also a process that has run out of descriptors gets no thread on Linux, whose runtime gives each a pipe.
    private LoopThread? TryMake()
    {
        try
        {
            return new LoopThread(this);
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException)
        {
            lock (_gate)
            {
                _busy--;
            }

            Refused?.Invoke();
            return null;
        }
    }
}
