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
    public void TryDefer_SomethingElseIsDeferred_IsRefused()
    {
        var loop = StartLoop();
        var ran = 0;

        RunOn(loop, () =>
        {
            Assert.True(EventLoop.TryDefer(new WorkAction(() => ran++)));
            Assert.False(EventLoop.TryDefer(new WorkAction(() => ran += 100)));
        });

        RunOn(loop, () => Assert.Equal(1, ran));
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
}
