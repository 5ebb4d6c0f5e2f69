using System.Collections.Concurrent;
using Common;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

// How a loop asks the kernel for events before it sleeps, by a clock that each question moves.
public abstract partial class EventLoopContract
{
    private readonly ManualClock _waitClock = new();
    private readonly ConcurrentQueue<long> _timeouts = [];

    [Fact]
    public void Wait_NothingComes_AsksForAsLongAsASleepCostsAndThenSleeps()
    {
        StartAskingLoop();

        Assert.Equal([0, 0, 0, 0, 0, 0, KernelQueue.InfiniteTimeout], _timeouts);
    }

    [Fact]
    public void Wait_TheLastWasLong_SleepsAfterOneQuestion()
    {
        var loop = StartAskingLoop();
        _waitClock.Advance(TimeSpan.FromSeconds(1));
        _timeouts.Clear();

        RunOn(loop, () => { });

        Until.Holds(IsAsleep, "The loop does not sleep.");
        Assert.Equal([0, KernelQueue.InfiniteTimeout], _timeouts);
    }

    [Fact]
    public void Wait_TimerIsSet_SleepsUntilThen()
    {
        var loop = StartAskingLoop();
        _timeouts.Clear();

        RunOn(loop, () => loop.Schedule(TimeSpan.FromHours(1), static _ => { }, null));

        Until.Holds(IsAsleep, "The loop does not sleep.");
        Assert.Equal([0, (long)TimeSpan.FromHours(1).TotalNanoseconds], _timeouts);
    }

    private EventLoop StartAskingLoop()
    {
        var options = Options();
        options.TimeProvider = _waitClock;
        var loop = CreateCountedLoop(out var queue, options);
        queue.Waiting = timeout =>
        {
            _timeouts.Enqueue(timeout);
            if (timeout == 0)
            {
                _waitClock.Advance(TimeSpan.FromMicroseconds(10));
            }
        };
        loop.Start();
        Until.Holds(IsAsleep, "The loop does not sleep.");
        return loop;
    }

    private bool IsAsleep() => !_timeouts.IsEmpty && _timeouts.Last() != 0;
}
