using System.Collections.Concurrent;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a handler puts off and then blocks: whoever goes on with its loop does it.</summary>
public sealed class GroupDeferralTests : GroupSuite
{
    [Fact]
    public void TryDefer_ThenBlockAndTheDeferredThrows_GoesToTheUnhandledExceptions()
    {
        var unhandled = new ConcurrentQueue<Exception>();
        var loop = StartGroup(unhandledException: unhandled.Enqueue).Loop;

        PostDeferThenBlock(loop, () => throw new InvalidOperationException("deferred"));

        Until.Holds(() => !unhandled.IsEmpty, "The exception is gone.");
        Assert.Equal("deferred", Assert.Single(unhandled).Message);
    }

    [Fact]
    public void TryDefer_ThenBlock_RunsMeanwhileOnTheLoop()
    {
        var loop = StartGroup().Loop;
        using var flushed = new ManualResetEventSlim();
        EventLoop? where = null;

        PostDeferThenBlock(loop, () =>
        {
            where = EventLoop.Current;
            flushed.Set();
        });

        Until.IsSet(flushed, "What a blocked handler deferred stays behind.");
        Assert.Same(loop, where);
        Assert.False(IsReleased);
    }

    [Fact]
    public void TryDefer_ThenTheNextHandlersBlock_RunsMeanwhile()
    {
        var loop = StartGroup().Loop;
        using var flushed = new CountdownEvent(2);

        loop.Post(new WorkAction(() =>
        {
            // All in one turn: nothing of this is posted while the loop looks for work.
            loop.Post(new WorkAction(() => DeferOrRun(new WorkAction(() => flushed.Signal()))));
            loop.Post(new WorkAction(() => DeferOrRun(new WorkAction(() => flushed.Signal()))));
            loop.Post(new WorkAction(Block));
        }));

        Until.Holds(() => flushed.IsSet, "What handlers deferred stays behind the one that blocks.");
        Assert.False(IsReleased);
    }

    [Fact]
    public void TryDefer_AfterTheHandOver_IsRefused()
    {
        var loop = StartGroup().Loop;
        var results = new ConcurrentQueue<bool>();
        loop.Post(new WorkAction(() =>
        {
            BlockUntilTaken();
            results.Enqueue(EventLoop.TryDefer(new WorkAction(() => { })));
        }));

        Until.Holds(() => !results.IsEmpty, "The handler does not return.");
        Assert.Equal([false], results);
    }

    // A handler that was set aside may lose its loop before it defers anything: then the next one does it.
    private void PostDeferThenBlock(EventLoop loop, Action deferred) => loop.Post(new WorkAction(() =>
    {
        if (EventLoop.TryDefer(new WorkAction(deferred)))
        {
            Block();
        }
        else
        {
            PostDeferThenBlock(loop, deferred);
        }
    }));

    private static void DeferOrRun(WorkAction work)
    {
        if (!EventLoop.TryDefer(work))
        {
            work.Execute();
        }
    }
}
