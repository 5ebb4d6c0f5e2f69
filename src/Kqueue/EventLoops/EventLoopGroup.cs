namespace Kqueue.EventLoops;

/// <summary>
/// Several event loops that run side by side. A watch takes a loop from a thread that is stuck in a handler and gives
/// it to a standby thread, so that a handler that blocks holds up nobody else.
/// </summary>
public sealed class EventLoopGroup : IDisposable
{
    private readonly EventLoop[] _loops;
    private readonly LoopThreads _threads;
    private readonly LoopWatch? _watch;

    // Where the search for the least loaded loop begins: equal loops take turns.
    private int _next;

    /// <summary>Makes and starts the loops.</summary>
    /// <param name="options">How; null takes the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">A processor that this process may not run on.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// No backend serves this system, or it does not pin threads to processors.
    /// </exception>
    /// <exception cref="KernelQueueException">The kernel refused a queue.</exception>
    public EventLoopGroup(EventLoopGroupOptions? options = null)
    {
        options ??= new EventLoopGroupOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LoopCount, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.StandbyThreadsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WatchPeriod, TimeSpan.FromMilliseconds(1));
        _loops = MakeLoops(options);
        var standbyMax = options.HandOver ? options.StandbyThreadsMax : 0;
        _threads = new LoopThreads(_loops.Length, standbyMax, LoopThreads.DefaultStandbyTime)
        {
            Processors = ProcessorsFor(options),
        };
        _watch = options.HandOver ? new LoopWatch(_loops, _threads, options.WatchPeriod) : null;
        foreach (var loop in _loops)
        {
            loop.Watch = _watch;
            loop.IsWatched = _watch is not null;
            _threads.Drive(loop.TakeStart());
        }

        _watch?.Start();
    }

    /// <summary>A group around loops that the caller drives: it has no threads and no watch.</summary>
    internal EventLoopGroup(EventLoop[] loops)
    {
        _loops = loops;
        _threads = new LoopThreads(loops.Length, standbyMax: 0, LoopThreads.DefaultStandbyTime);
    }

    /// <summary>The loops.</summary>
    public IReadOnlyList<EventLoop> Loops => _loops;

    /// <summary>
    /// The number of threads: those that drive, those that are stuck, those that run offloaded work, and those that
    /// stand by.
    /// </summary>
    public int ThreadCount => _threads.Count;

    /// <summary>The number of threads that stand by.</summary>
    public int StandbyThreadCount => _threads.StandbyCount;

    /// <summary>
    /// Whether a thread is left for every loop. A handler that runs what may block only then, and gives it to
    /// <see cref="TryOffload"/> otherwise, never has to keep its loop.
    /// </summary>
    /// <remarks>
    /// These threads are half of <see cref="EventLoopGroupOptions.StandbyThreadsMax"/> at most: where that is less than
    /// two for each loop, handlers that block on all loops at the same moment may keep some of them. Where it is 0 or 1
    /// none is kept, and this is true. Costs two looks at fields.
    /// </remarks>
    public bool HasReserve => _threads.HasReserve;

    /// <summary>How often a loop was taken from a stuck thread.</summary>
    public long HandOverCount => _threads.HandOverCount;

    /// <summary>How often a loop stayed with a stuck thread because no other was left.</summary>
    public long RefusedHandOverCount => _threads.RefusedHandOverCount;

    /// <summary>
    /// How often a loop was taken over by one of the last threads, so that <see cref="HasReserve"/> is false until some
    /// are back.
    /// </summary>
    public long ReserveUseCount => _threads.ReserveUseCount;

    /// <summary>The loop with the fewest registrations; loops with equally few take turns.</summary>
    public EventLoop LeastLoaded()
    {
        var start = (int)((uint)Interlocked.Increment(ref _next) % (uint)_loops.Length);
        var least = _loops[start];
        var count = least.RegistrationCount;
        for (var i = 1; i < _loops.Length; i++)
        {
            var loop = _loops[(start + i) % _loops.Length];
            if (loop.RegistrationCount < count)
            {
                least = loop;
                count = loop.RegistrationCount;
            }
        }

        return least;
    }

    /// <summary>
    /// Runs work that is likely to block on a standby thread, so that no loop has to be taken over for it. While all
    /// are busy it waits for one. Where none comes back for a hundred watch periods, a thread beyond the bound is
    /// started for what waits, the newest first, and after as long a time another one: so work that all others wait for
    /// has its turn. Such a thread ends when nothing waits, or when another one is back.
    /// </summary>
    /// <param name="work">What to run.</param>
    /// <returns>
    /// False when the group has stopped, or has no threads for this because hand-over is off or
    /// <see cref="EventLoopGroupOptions.StandbyThreadsMax"/> is not greater than the number of loops, or the system
    /// lacks a thread: run it on the thread pool instead.
    /// </returns>
    public bool TryOffload(IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var isTaken = _threads.TryOffload(work);
        _watch?.OnActive();
        return isTaken;
    }

    /// <summary>
    /// Stops all loops and waits until they have ended. A handler that does not return is waited for only where its
    /// loop cannot be taken from it: with hand-over switched off, or when no standby thread is left.
    /// </summary>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        foreach (var loop in _loops)
        {
            loop.Dispose();
        }

        _watch?.Dispose();
        _threads.Stop();
    }

    private LoopProcessors? ProcessorsFor(EventLoopGroupOptions options)
    {
        try
        {
            return options.Processors is { Count: > 0 } processors ? new LoopProcessors(_loops, processors) : null;
        }
        catch
        {
            Array.ForEach(_loops, loop => loop.Dispose());
            throw;
        }
    }

    private static EventLoop[] MakeLoops(EventLoopGroupOptions options)
    {
        var loops = new EventLoop[options.LoopCount];
        try
        {
            for (var i = 0; i < loops.Length; i++)
            {
                loops[i] = new EventLoop(options.Loop, i);
            }
        }
        catch
        {
            Array.ForEach(loops, loop => loop?.Dispose());
            throw;
        }

        return loops;
    }
}
