using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void TryDefer_OnTheLoop_RunsAfterTheHandlerAndBeforeTheNext()
    {
        var loop = CreateLoop();
        var order = new List<string>();
        var deferred = new WorkAction(() => order.Add("deferred"));
        loop.Post(new WorkAction(() =>
        {
            Assert.True(EventLoop.TryDefer(deferred));
            Assert.True(EventLoop.TryDefer(deferred));
            order.Add("handler");
        }));
        loop.Post(new WorkAction(() => order.Add("next")));

        loop.Start();

        RunOn(loop, () => Assert.Equal(["handler", "deferred", "next"], order));
    }

    [Fact]
    public void TryDefer_WatchedLoop_RunsAfterTheHandlersAtHand()
    {
        var (loop, order) = CreateWatchedLoop(new ManualClock());
        PostDeferring(loop, order, "first");
        PostDeferring(loop, order, "second");

        loop.Start();

        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(["first", "second", "first deferred", "second deferred"], order));
    }

    [Fact]
    public void TryDefer_ManyHandlersAtHand_RunsAfterEight()
    {
        var (loop, order) = CreateWatchedLoop(new ManualClock());
        for (var i = 1; i <= 9; i++)
        {
            PostDeferring(loop, order, $"{i}");
        }

        loop.Start();

        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(["8", "1 deferred", "2 deferred"], order.Skip(7).Take(3)));
    }

    [Fact]
    public void TryDefer_HandlersTakeLong_RunsBetweenThem()
    {
        var clock = new ManualClock();
        var (loop, order) = CreateWatchedLoop(clock);
        PostDeferring(loop, order, "quick", () => clock.Advance(TimeSpan.FromMicroseconds(200)));
        PostDeferring(loop, order, "slow", () => clock.Advance(TimeSpan.FromMicroseconds(1)));
        PostDeferring(loop, order, "next");

        loop.Start();

        RunOn(loop, () => { });
        string[] expected = ["quick", "slow", "quick deferred", "slow deferred", "next", "next deferred"];
        RunOn(loop, () => Assert.Equal(expected, order));
    }

    [Fact]
    public void TryDefer_ThereIsNoRoom_IsRefused()
    {
        var loop = StartLoop();
        var ran = new List<int>();

        RunOn(loop, () =>
        {
            for (var i = 0; i < DeferredWork.Capacity; i++)
            {
                var number = i;
                Assert.True(EventLoop.TryDefer(new WorkAction(() => ran.Add(number))));
            }

            Assert.False(EventLoop.TryDefer(new WorkAction(() => ran.Add(-1))));
        });

        RunOn(loop, () => Assert.Equal(Enumerable.Range(0, DeferredWork.Capacity), ran));
    }

    [Fact]
    public void TryDefer_OffTheLoop_IsRefused()
    {
        StartLoop();

        Assert.False(EventLoop.TryDefer(new WorkAction(() => { })));
    }

    [Fact]
    public void TryDefer_HandlerThrows_RunsAllTheSame()
    {
        var options = Options();
        options.UnhandledException = _ => { };
        var loop = StartLoop(options);
        using var ran = new ManualResetEventSlim();

        loop.Post(new WorkAction(() =>
        {
            EventLoop.TryDefer(new WorkAction(ran.Set));
            throw new InvalidOperationException("after deferring");
        }));

        Until.IsSet(ran, "Deferred work was forgotten.");
    }

    [Fact]
    public void TryDefer_WithinDeferredWork_RunsBeforeTheWait()
    {
        var loop = StartLoop();
        using var ran = new ManualResetEventSlim();

        loop.Post(new WorkAction(() =>
            EventLoop.TryDefer(new WorkAction(() =>
                EventLoop.TryDefer(new WorkAction(ran.Set))))));

        Until.IsSet(ran, "Deferred work was forgotten.");
    }

    private (EventLoop Loop, List<string> Order) CreateWatchedLoop(ManualClock clock)
    {
        var options = Options();
        options.TimeProvider = clock;
        var loop = CreateLoop(options);
        loop.IsWatched = true;
        return (loop, []);
    }

    private static void PostDeferring(EventLoop loop, List<string> order, string name, Action? handler = null) =>
        loop.Post(new WorkAction(() =>
        {
            EventLoop.TryDefer(new WorkAction(() => order.Add($"{name} deferred")));
            order.Add(name);
            handler?.Invoke();
        }));
}
