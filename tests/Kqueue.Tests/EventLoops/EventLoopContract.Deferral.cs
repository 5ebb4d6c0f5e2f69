using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void TryDefer_OnTheLoop_RunsAfterTheHandlersAtHandOnceEach()
    {
        var (loop, order) = CreateLoopThatDefers(new ManualClock());
        PostDeferring(loop, order, "first");
        PostDeferring(loop, order, "second");

        loop.Start();

        RunOn(loop, () => { });
        RunOn(loop, () => Assert.Equal(["first", "second", "first deferred", "second deferred"], order));
    }

    [Fact]
    public void TryDefer_HandlersTakeLong_RunsBetweenThem()
    {
        var clock = new ManualClock();
        var (loop, order) = CreateLoopThatDefers(clock);
        PostDeferring(loop, order, "quick", () => clock.Advance(TimeSpan.FromMicroseconds(200)));
        PostDeferring(loop, order, "slow", () => clock.Advance(TimeSpan.FromMicroseconds(1)));
        PostDeferring(loop, order, "next");

        loop.Start();

        RunOn(loop, () => { });
        string[] expected = ["quick", "slow", "quick deferred", "slow deferred", "next", "next deferred"];
        RunOn(loop, () => Assert.Equal(expected, order));
    }

    [Fact]
    public void TryDefer_ManyPieces_AllRun()
    {
        const int Pieces = 5000;
        var loop = StartLoop();
        var ran = 0;
        using var done = new ManualResetEventSlim();

        RunOn(loop, () =>
        {
            for (var i = 0; i < Pieces; i++)
            {
                Assert.True(EventLoop.TryDefer(new WorkAction(() =>
                {
                    if (++ran == Pieces)
                    {
                        done.Set();
                    }
                })));
            }
        });

        Until.IsSet(done, "Deferred work was forgotten.");
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
    public void TryDefer_HandlerEndsTheLoop_RunsOnTheThreadPool()
    {
        var loop = CreateLoop();
        using var ran = new CountdownEvent(2);
        loop.Post(new WorkAction(() =>
        {
            EventLoop.TryDefer(new WorkAction(() => ran.Signal()));
            throw new InvalidOperationException("nobody handles this");
        }));
        loop.Post(new WorkAction(() => ran.Signal()));

        Assert.Throws<InvalidOperationException>(loop.Run);

        Assert.True(ran.Wait(Until.Patience, TestContext.Current.CancellationToken), "Work was lost.");
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

    [Fact]
    public void TryDefer_WorkThatDefersItselfForEver_DoesNotKeepPostsWaiting()
    {
        var loop = StartLoop();
        var isOver = false;
        using var ran = new ManualResetEventSlim();
        WorkAction? endless = null;
        endless = new WorkAction(() =>
        {
            if (!Volatile.Read(ref isOver))
            {
                EventLoop.TryDefer(endless!);
            }
        });
        loop.Post(endless);

        loop.Post(new WorkAction(ran.Set));

        var hasRun = ran.Wait(Until.Patience, TestContext.Current.CancellationToken);
        Volatile.Write(ref isOver, true);
        Assert.True(hasRun, "Deferred work keeps posted work waiting.");
    }

    private (EventLoop Loop, List<string> Order) CreateLoopThatDefers(ManualClock clock)
    {
        var options = Options();
        options.TimeProvider = clock;
        return (CreateLoop(options), []);
    }

    private static void PostDeferring(EventLoop loop, List<string> order, string name, Action? handler = null) =>
        loop.Post(new WorkAction(() =>
        {
            EventLoop.TryDefer(new WorkAction(() => order.Add($"{name} deferred")));
            order.Add(name);
            handler?.Invoke();
        }));
}
