namespace Kqueue.EventLoops;

/// <summary>Several event loops, each on a thread of its own, that share their users' registrations.</summary>
public sealed class EventLoopGroup : IDisposable
{
    private readonly EventLoop[] _loops;

    // Where the search for the least loaded loop begins: equal loops take turns.
    private int _next;

    /// <summary>Makes and starts the loops.</summary>
    /// <param name="count">How many; at least 1.</param>
    /// <param name="options">
    /// How each loop is made; null takes the defaults. The loop's number is appended to the name.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1.</exception>
    /// <exception cref="PlatformNotSupportedException">No backend serves this system.</exception>
    /// <exception cref="KernelQueueException">The kernel refused a queue.</exception>
    public EventLoopGroup(int count, EventLoopOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _loops = new EventLoop[count];
        try
        {
            for (var i = 0; i < count; i++)
            {
                _loops[i] = new EventLoop(OptionsOf(i, options ?? new EventLoopOptions()));
                _loops[i].Start();
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The loops.</summary>
    public IReadOnlyList<EventLoop> Loops => _loops;

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

    /// <summary>Stops all loops and waits until they have ended.</summary>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop?.Stop();
        }

        foreach (var loop in _loops)
        {
            loop?.Dispose();
        }
    }

    private static EventLoopOptions OptionsOf(int index, EventLoopOptions options) => new()
    {
        Name = $"{options.Name} {index}",
        EventCapacity = options.EventCapacity,
        KernelQueue = options.KernelQueue,
        TimeProvider = options.TimeProvider,
        UnhandledException = options.UnhandledException,
    };
}
