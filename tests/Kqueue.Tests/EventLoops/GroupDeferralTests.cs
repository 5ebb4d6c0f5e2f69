using System.Collections.Concurrent;
using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a handler defers and then blocks, with and without a thread to go on with its loop.</summary>
public sealed class GroupDeferralTests : GroupSuite
{
    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public void TryDefer_ThenBlockAndTheDeferredThrows_GoesToTheUnhandledExceptions(int standbyMax)
    {
        var unhandled = new ConcurrentQueue<Exception>();
        var loop = StartGroup(standbyMax, unhandledException: unhandled.Enqueue).Loop;

        loop.Post(new WorkAction(() =>
        {
            EventLoop.TryDefer(new WorkAction(() => throw new InvalidOperationException("deferred")));
            Block();
        }));

        Until.Holds(() => !unhandled.IsEmpty, "The exception is gone.");
        Assert.Equal("deferred", Assert.Single(unhandled).Message);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public void TryDefer_ThenBlock_RunsMeanwhile(int standbyMax)
    {
        var loop = StartGroup(standbyMax).Loop;
        using var flushed = new ManualResetEventSlim();

        loop.Post(new WorkAction(() =>
        {
            DeferOrRun(new WorkAction(flushed.Set));
            Block();
        }));

        Until.IsSet(flushed, "What a blocked handler deferred stays behind.");
        Assert.False(IsReleased);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public void TryDefer_ThenTheNextHandlersBlock_RunsMeanwhile(int standbyMax)
    {
        var loop = StartGroup(standbyMax).Loop;
        using var warm = new CountdownEvent(3);
        using var flushed = new CountdownEvent(2);

        // The first time, the compiler makes the handlers slow enough for what they put off to be done between them.
        DeferTwice(loop, warm, () => warm.Signal());
        Until.Holds(() => warm.IsSet, "What handlers deferred is not done.");
        DeferTwice(loop, flushed, Block);

        Until.Holds(() => flushed.IsSet, "What handlers deferred stays behind the one that blocks.");
        Assert.False(IsReleased);
    }

    [Fact]
    public void TryDefer_AfterTheHandOver_IsRefused()
    {
        var (group, loop) = StartGroup();
        var results = new ConcurrentQueue<bool>();
        loop.Post(new WorkAction(() =>
        {
            Block();
            results.Enqueue(EventLoop.TryDefer(new WorkAction(() => { })));
        }));
        Until.Holds(() => group.HandOverCount > 0, "The loop was not handed over.");

        Release();

        Until.Holds(() => !results.IsEmpty, "The handler does not return.");
        Assert.Equal([false], results);
    }

    private static void DeferTwice(EventLoop loop, CountdownEvent done, Action last) => loop.Post(new WorkAction(() =>
    {
        // All in one turn: nothing of this is posted while the loop looks for work.
        loop.Post(new WorkAction(() => DeferOrRun(new WorkAction(() => done.Signal()))));
        loop.Post(new WorkAction(() => DeferOrRun(new WorkAction(() => done.Signal()))));
        loop.Post(new WorkAction(last));
    }));

    private static void DeferOrRun(WorkAction work)
    {
        if (!EventLoop.TryDefer(work))
        {
            work.Execute();
        }
    }
}
