using System.Collections.Concurrent;
using Kqueue.EventLoops;
using Microsoft.Win32.SafeHandles;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

/// <content>What somebody who writes a server needs beside events and work.</content>
public abstract partial class EventLoopContract
{
    [Fact]
    public void Schedule_Periodic_FiresUntilItIsDisposed()
    {
        var loop = StartLoop();
        using var fired = new CountdownEvent(3);
        LoopTimer? timer = null;
        var after = 0;
        RunOn(loop, () => timer = loop.Schedule(
            TimeSpan.Zero,
            TimeSpan.FromMilliseconds(1),
            _ =>
            {
                after += fired.IsSet ? 1 : 0;
                if (!fired.IsSet && fired.Signal())
                {
                    timer!.Dispose();
                }
            },
            null));

        Assert.True(fired.Wait(Until.Patience, TestContext.Current.CancellationToken), "It does not fire again.");
        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(0, after));
    }

    [Fact]
    public void Schedule_Infinite_FiresWhenItIsChanged()
    {
        var loop = StartLoop();
        using var fired = new ManualResetEventSlim();
        var timer = loop.Schedule(Timeout.InfiniteTimeSpan, _ => fired.Set(), null);
        RunOn(loop, () => { });
        Assert.False(fired.IsSet);

        timer.Change(TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);

        Until.IsSet(fired, "It does not fire.");
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Change(TimeSpan.FromSeconds(-1), TimeSpan.Zero));
    }

    // A handler may call off a timer that is due in the same turn.
    [Fact]
    public void Dispose_OnTheLoopOfATimerThatIsDue_DoesNotFire()
    {
        var clock = new ManualClock();
        var loop = CreateLoopWith(clock);
        LoopTimer? second = null;
        var fired = new List<string>();
        loop.Schedule(
            TimeSpan.FromSeconds(1),
            _ =>
            {
                fired.Add("first");
                second!.Dispose();
            },
            null);
        second = loop.Schedule(TimeSpan.FromSeconds(2), _ => fired.Add("second"), null);
        clock.Advance(TimeSpan.FromSeconds(3));

        loop.Start();

        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(["first"], fired));
    }

    [Fact]
    public void Schedule_TheLoopEnds_FiresOnTheThreadPool()
    {
        // The loop is not started, so that its timer cannot be due on it.
        var loop = CreateLoop();
        using var fired = new CountdownEvent(2);
        var onPool = true;
        loop.Schedule(TimeSpan.FromMilliseconds(1), Fire, null);
        var disposed = loop.Schedule(TimeSpan.FromHours(1), _ => onPool = false, null);

        loop.Dispose();
        disposed.Dispose();
        loop.Schedule(TimeSpan.FromMilliseconds(1), Fire, null);

        Assert.True(fired.Wait(Until.Patience, TestContext.Current.CancellationToken), "A timer has vanished.");
        Assert.True(onPool);

        void Fire(object? state)
        {
            onPool &= Thread.CurrentThread.IsThreadPoolThread;
            fired.Signal();
        }
    }

    // As on the loop: neither whoever ends it nor whoever sets a timer lends its context.
    [Fact]
    public void Schedule_TheLoopEndsWithinAContext_FiresWithoutIt()
    {
        var loop = CreateLoop();
        var local = new AsyncLocal<string>();
        var seen = new ConcurrentQueue<string?>();
        loop.Schedule(TimeSpan.FromMilliseconds(1), Fire, null);

        local.Value = "of the one who ends the loop";
        loop.Dispose();
        loop.Schedule(TimeSpan.FromMilliseconds(1), Fire, null);

        Until.Holds(() => seen.Count == 2, "A timer has vanished.");
        Assert.All(seen, Assert.Null);
        Assert.False(ExecutionContext.IsFlowSuppressed());

        void Fire(object? state) => seen.Enqueue(local.Value);
    }

    [Fact]
    public async Task SwitchTo_OffTheLoop_GoesOnOnIt()
    {
        var loop = StartLoop();
        var local = new AsyncLocal<string> { Value = "flows" };

        await loop.SwitchTo();

        Assert.Same(loop, EventLoop.Current);
        Assert.Equal("flows", local.Value);
        var thread = Environment.CurrentManagedThreadId;
        await loop.SwitchTo();
        Assert.Equal(thread, Environment.CurrentManagedThreadId);
        await Task.Yield();
    }

    [Fact]
    public async Task Completion_Stopped_CompletesWithTheLoop()
    {
        var loop = StartLoop();
        Assert.False(loop.Completion.IsCompleted);

        loop.Stop();

        await loop.Completion.WaitAsync(Until.Patience, TestContext.Current.CancellationToken);
        Assert.True(loop.Register(0, new HandlerAction(_ => { })).Arm(KEventFilter.Read, Clear).IsError);
    }

    [Fact]
    public void Register_Handle_IsOpenUntilTheRegistrationIsDisposed()
    {
        var loop = CreateLoop();
        using var file = File.OpenHandle("/dev/null");
        var registration = loop.Register(file, new HandlerAction(_ => { }));

        file.Dispose();

        Assert.False(IsClosedForGood(file));
        registration.Dispose();
        registration.Dispose();
        Assert.True(IsClosedForGood(file));
        Assert.Throws<ObjectDisposedException>(() => loop.Register(file, new HandlerAction(_ => { })));
    }

    private static bool IsClosedForGood(SafeFileHandle file) =>
        !File.Exists($"/proc/self/fd/{file.DangerousGetHandle()}") ||
        File.ResolveLinkTarget($"/proc/self/fd/{file.DangerousGetHandle()}", false)?.FullName != "/dev/null";
}
