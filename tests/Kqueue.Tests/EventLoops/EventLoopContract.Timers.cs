using System.Collections.Concurrent;
using System.Diagnostics;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void Schedule_SeveralTimers_FireInTheOrderOfTheirDeadlines()
    {
        var clock = new ManualClock();
        var loop = CreateLoopWith(clock);
        var fired = new List<int>();
        foreach (var seconds in new[] { 3, 1, 2 })
        {
            loop.Schedule(TimeSpan.FromSeconds(seconds), _ => fired.Add(seconds), null);
        }

        clock.Advance(TimeSpan.FromSeconds(2));
        loop.Start();

        RunOn(loop, () => Assert.Equal([1, 2], fired));
        clock.Advance(TimeSpan.FromSeconds(1));
        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal([1, 2, 3], fired));
    }

    [Fact]
    public void Schedule_DisposedBeforeItsDeadline_DoesNotFire()
    {
        var clock = new ManualClock();
        var loop = CreateLoopWith(clock);
        var fired = new List<string>();
        var first = loop.Schedule(TimeSpan.FromSeconds(1), _ => fired.Add("first"), null);
        loop.Schedule(TimeSpan.FromSeconds(1), _ => fired.Add("second"), null);

        first.Dispose();
        first.Dispose();
        clock.Advance(TimeSpan.FromSeconds(1));
        loop.Start();

        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(["second"], fired));
    }

    [Fact]
    public void Schedule_EarlierThanTheWaitLasts_WakesTheLoop()
    {
        var loop = StartLoop();
        using var fired = new ManualResetEventSlim();
        loop.Schedule(TimeSpan.FromHours(1), _ => { }, null);
        RunOn(loop, () => { });
        WaitUntilInWait(loop);
        var start = Stopwatch.GetTimestamp();

        loop.Schedule(TimeSpan.FromMilliseconds(20), _ => fired.Set(), null);

        Until.IsSet(fired, "The wait was not cut short.");
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(20), "It fired too early.");
    }

    [Fact]
    public void Schedule_LaterThanTheWaitLasts_WakesNobody()
    {
        var loop = CreateCountedLoop(out var queue);
        loop.Start();
        loop.Schedule(TimeSpan.FromHours(1), _ => { }, null);
        RunOn(loop, () => { });
        WaitUntilInWait(loop);
        var triggers = queue.Triggers;

        loop.Schedule(TimeSpan.FromHours(2), _ => { }, null);

        Assert.Equal(triggers, queue.Triggers);
    }

    [Fact]
    public void Schedule_ForEver_NeverFiresAndWaitsAreFine()
    {
        var loop = StartLoop();
        var fired = 0;
        loop.Schedule(TimeSpan.MaxValue, _ => fired++, null);

        RunOn(loop, () => { });
        WaitUntilInWait(loop);

        RunOn(loop, () => Assert.Equal(0, fired));
    }

    [Fact]
    public void Schedule_WhileWorkIsEndless_FiresAllTheSame()
    {
        var loop = StartLoop();
        var isOver = false;
        using var fired = new ManualResetEventSlim();
        WorkAction? endless = null;
        endless = new WorkAction(() =>
        {
            if (!Volatile.Read(ref isOver))
            {
                loop.Post(endless!);
            }
        });
        loop.Post(endless);

        loop.Schedule(TimeSpan.FromMilliseconds(5), _ => fired.Set(), null);

        var hasFired = fired.Wait(Until.Patience, TestContext.Current.CancellationToken);
        Volatile.Write(ref isOver, true);
        Assert.True(hasFired, "Endless work keeps timers waiting.");
    }

    [Fact]
    public void Schedule_TimerThatRestartsAtOnce_DoesNotKeepWorkWaiting()
    {
        var loop = StartLoop();
        var isOver = false;
        using var ran = new ManualResetEventSlim();
        Restart(null);

        loop.Post(new WorkAction(ran.Set));

        var hasRun = ran.Wait(Until.Patience, TestContext.Current.CancellationToken);
        Volatile.Write(ref isOver, true);
        Assert.True(hasRun, "A timer that restarts keeps work waiting.");

        void Restart(object? state)
        {
            if (!Volatile.Read(ref isOver))
            {
                loop.Schedule(TimeSpan.Zero, Restart, null);
            }
        }
    }

    private EventLoop CreateLoopWith(TimeProvider clock)
    {
        var options = Options();
        options.TimeProvider = clock;
        return CreateLoop(options);
    }
}
