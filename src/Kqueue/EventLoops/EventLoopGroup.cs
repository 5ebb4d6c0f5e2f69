using System.Runtime.InteropServices;
using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Threads;

namespace Kqueue.EventLoops;

/// <summary>
/// Several event loops that run side by side. A watch takes a loop from a thread that is stuck in a handler and gives
/// it to a standby thread, so that a handler that blocks holds up nobody else.
/// </summary>
public sealed class EventLoopGroup : IDisposable
{
    private readonly EventLoop[] _loops;
    private readonly LoopThreads? _threads;
    private readonly IStandbyThreads? _standby;
    private readonly LoopWatch? _watch;

    // Whose turn it is: written with each connection.
    private Turn _turn;

    /// <summary>Makes and starts the loops.</summary>
    /// <param name="options">How; null takes the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="ArgumentException">A processor that this process may not run on.</exception>
    /// <exception cref="PlatformNotSupportedException">
    /// No backend serves this system, or it does not pin threads to processors.
    /// </exception>
    /// <exception cref="KernelQueueException">The kernel refused a queue.</exception>
    /// <exception cref="InvalidOperationException">The system has no thread for a loop.</exception>
    public EventLoopGroup(EventLoopGroupOptions? options = null)
    {
        options ??= new EventLoopGroupOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LoopCount, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.StandbyThreadsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WatchPeriod, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.WatchPeriod, TimeSpan.FromDays(1));
        _loops = MakeLoops(options);
        try
        {
            _threads = new LoopThreads(_loops.Length, options.StandbyThreadsMax, LoopThreads.DefaultStandbyTime)
            {
                Processors = options.Processors is { Count: > 0 } processors
                    ? new LoopProcessors(_loops, processors)
                    : null,
                Refused = options.ThreadRefused,
            };
            if (options.HandOver && options.StandbyThreadsMax > 0)
            {
                (_watch, _standby) = (new LoopWatch(_loops, options.WatchPeriod), _threads);
            }

            Start();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A group around loops that the caller drives: it has no threads and no watch.</summary>
    internal EventLoopGroup(EventLoop[] loops, IStandbyThreads? standby) => (_loops, _standby) = (loops, standby);

    /// <summary>The loops.</summary>
    public IReadOnlyList<EventLoop> Loops => _loops;

    /// <summary>
    /// The number of threads: those that drive, those that were left behind in a handler, and those that stand by.
    /// </summary>
    public int ThreadCount => _threads?.Counts.All ?? 0;

    /// <summary>The number of threads that stand by.</summary>
    public int StandbyThreadCount => _threads?.Counts.StandingBy ?? 0;

    /// <summary>How often a loop was taken from a stuck thread.</summary>
    public long HandOverCount => _loops.Sum(loop => loop.HandOverCount);

    /// <summary>How many looks of the watch found a loop with a stuck thread and no other for it.</summary>
    public long RefusedHandOverCount => _watch?.RefusedCount ?? 0;

    /// <summary>
    /// Whether fewer threads are left behind than the bound: a handler that may block begins on a loop only then, so
    /// that no loop ever has to stay with one. Costs a look at a field.
    /// </summary>
    internal bool CanLeaveBehind => _standby is not { CanLeaveBehind: false };

    /// <summary>
    /// The one of two loops that has fewer registrations. The first is the next in turn, also where they have equally
    /// few; the other is any. That keeps loops about as even as a look at all of them, whose counts their own threads
    /// write all the time.
    /// </summary>
    public EventLoop LessLoaded()
    {
        // Not interlocked: two callers that get the same number ask for the same loops once.
        var number = (uint)_turn.Number++;
        var first = number % (uint)_loops.Length;

        // The golden ratio spreads the numbers, and the high half of the product is below its second factor.
        var distance = (uint)(((ulong)(number * 0x9E3779B9u) * (uint)(_loops.Length - 1)) >> 32);
        var (one, other) = (_loops[first], _loops[(first + 1 + distance) % (uint)_loops.Length]);
        return other.RegistrationCount < one.RegistrationCount ? other : one;
    }

    /// <summary>
    /// Stops all loops and waits until they have ended. A handler that does not return is waited for only where its
    /// loop cannot be taken from it: with hand-over switched off, or when the system has no thread. Called on one of
    /// the loops it waits for nothing.
    /// </summary>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Stop();
        }

        var mayWait = Array.IndexOf(_loops, LoopDriver.Current?.Loop) < 0;
        foreach (var loop in mayWait ? _loops : [])
        {
            loop.Dispose();
        }

        _watch?.Stop(mayWait);
        _threads?.Stop();
    }

    private void Start()
    {
        foreach (var loop in _loops)
        {
            loop.Watch = _watch;
            loop.StandbyThreads = _standby;
            _threads!.Start(loop);
        }

        _watch?.Start();
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

    // By itself in a pair of cache lines: every request reads what is beside it.
    [StructLayout(LayoutKind.Explicit, Size = 2 * 128)]
    private struct Turn
    {
        [FieldOffset(128)]
        public int Number;
    }
}
