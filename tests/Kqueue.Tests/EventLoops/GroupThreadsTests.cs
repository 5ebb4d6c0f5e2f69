using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>Loops that their drivers give away, and how many may be left behind.</summary>
public sealed class GroupThreadsTests : GroupSuite
{
    [Fact]
    public void TryGiveAway_OnTheLoop_TheLoopGoesOnAtOnceAndTheHandlerStaysOnItsThread()
    {
        // Without the watch's help: it comes after an hour.
        var (group, loop) = StartGroup(watchPeriod: TimeSpan.FromHours(1));
        using var ran = new ManualResetEventSlim();
        var (isGiven, isSameThread, after) = (false, false, (EventLoop?)loop);
        loop.Post(new WorkAction(() =>
        {
            var thread = Environment.CurrentManagedThreadId;
            isGiven = EventLoop.TryGiveAway();
            Block();
            isSameThread = thread == Environment.CurrentManagedThreadId;
            after = EventLoop.Current;
        }));
        loop.Post(new WorkAction(ran.Set));

        Until.IsSet(ran, "The loop does not go on.");
        Until.Holds(() => Volatile.Read(ref isGiven), "The loop was not given away.");
        Assert.Equal((0L, 2), (group.HandOverCount, group.ThreadCount));

        Release();
        Until.Holds(() => group.StandbyThreadCount == 1, "The thread does not stand by.");
        Assert.True(isSameThread);
        Assert.Null(after);
    }

    [Fact]
    public void TryGiveAway_AfterTheLoopWasTaken_IsTrue()
    {
        var loop = StartGroup().Loop;
        var isGiven = false;
        using var returned = new ManualResetEventSlim();

        loop.Post(new WorkAction(() =>
        {
            BlockUntilTaken();
            isGiven = EventLoop.TryGiveAway() && EventLoop.TryGiveAway();
            returned.Set();
        }));

        Until.IsSet(returned, "The handler does not return.");
        Assert.True(isGiven);
    }

    [Fact]
    public void TryGiveAway_OffTheLoops_IsFalse()
    {
        StartGroup();

        Assert.False(EventLoop.TryGiveAway());
    }

    [Fact]
    public void TryGiveAway_LoopOfItsOwn_IsFalse()
    {
        using var loop = new EventLoop();
        var isGiven = true;
        loop.Post(new WorkAction(() =>
        {
            isGiven = EventLoop.TryGiveAway();
            loop.Stop();
        }));

        loop.Run();

        Assert.False(isGiven);
    }

    [Fact]
    public void TryGiveAway_AsManyAreLeftBehindAsMay_IsFalseUntilOneIsBack()
    {
        var (group, loop) = StartGroup(standbyMax: 2, watchPeriod: TimeSpan.FromHours(1));
        using var entered = new CountdownEvent(2);
        for (var i = 0; i < 2; i++)
        {
            loop.Post(new WorkAction(() =>
            {
                Assert.True(EventLoop.TryGiveAway());
                entered.Signal();
                Block();
            }));
        }

        Assert.True(entered.Wait(Until.Patience, TestContext.Current.CancellationToken));
        Assert.Equal((false, false), (group.CanLeaveBehind, GiveAwayOn(loop)));

        Release();
        Until.Holds(() => group.CanLeaveBehind, "The threads do not come back.");
        Assert.True(GiveAwayOn(loop));
    }

    // At the bound a handler may have begun on each loop already, so there is a thread more for each. All are in a
    // handler then: a driver that lost the loop while it was set aside, before it came to one, is back.
    [Fact]
    public void BlockedWork_AtTheBound_IsHandedOverOnceMoreForEachLoop()
    {
        var (group, loop) = StartGroup(standbyMax: 2);
        using var last = new ManualResetEventSlim();
        var begun = 0;
        for (var i = 0; i < 5; i++)
        {
            loop.Post(new WorkAction(() =>
            {
                Interlocked.Increment(ref begun);
                Block();
            }));
        }

        loop.Post(new WorkAction(last.Set));

        Until.Holds(() => Volatile.Read(ref begun) == 4, "The loop is not handed over.");
        var refused = group.RefusedHandOverCount;
        Until.Holds(() => group.RefusedHandOverCount > refused, "No hand-over was refused.");
        Assert.Equal((4, 4, false), (Volatile.Read(ref begun), group.ThreadCount, last.IsSet));
        Release();
        Until.IsSet(last, "The loop does not go on after the block.");
    }

    [Fact]
    public void HandOverOff_TryGiveAway_IsFalse()
    {
        var loop = StartGroup(handOver: false).Loop;

        Assert.False(GiveAwayOn(loop));
    }

    private static bool GiveAwayOn(EventLoop loop)
    {
        using var done = new ManualResetEventSlim();
        var isGiven = false;
        loop.Post(new WorkAction(() =>
        {
            isGiven = EventLoop.TryGiveAway();
            done.Set();
        }));
        Until.IsSet(done, "The loop does not run what was posted.");
        return isGiven;
    }
}
