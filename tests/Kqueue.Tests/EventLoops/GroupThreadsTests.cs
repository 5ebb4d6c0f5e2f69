
namespace Kqueue.Tests.EventLoops;

/// <summary>The reserve, and the threads for offloaded work.</summary>
public sealed class GroupThreadsTests : GroupSuite
{
    [Fact]
    public void HasReserve_HandlersHoldAllOtherThreads_IsFalseUntilOneIsBack()
    {
        var (group, loop) = StartGroup(standbyMax: 2);
        using var entered = new CountdownEvent(2);
        for (var i = 0; i < 2; i++)
        {
            loop.Post(new WorkAction(() =>
            {
                entered.Signal();
                Block();
            }));
        }

        Assert.True(entered.Wait(Until.Patience, TestContext.Current.CancellationToken));
        Until.Holds(() => group.ReserveUseCount > 0, "The last thread does not take the loop over.");
        Assert.False(group.HasReserve);

        Release();
        Until.Holds(() => group.HasReserve, "The threads do not come back.");
        Assert.Equal(0, group.RefusedHandOverCount);
    }

    // One of the three threads is kept for the loop, so two are there for offloaded work.
    [Fact]
    public void TryOffload_MoreThanTheBound_LeavesAThreadForTheLoop()
    {
        var (group, loop) = StartGroup(standbyMax: 3);
        using var started = new CountdownEvent(2);
        var work = new WorkAction(() =>
        {
            started.Signal();
            Block();
        });
        Assert.True(group.TryOffload(work));
        Assert.True(group.TryOffload(work));
        Assert.True(started.Wait(Until.Patience, TestContext.Current.CancellationToken));

        Assert.True(group.TryOffload(new WorkAction(() => { })));

        loop.Post(new WorkAction(Block));
        Until.Holds(() => group.HandOverCount > 0, "Offloaded work keeps a stuck loop from being taken over.");
    }

    // Every thread waits for what is offloaded last. The thread pool is left alone: it would be held up as well.
    [Fact]
    public void TryOffload_AllThreadsWaitForTheLast_RunsOnAnExtraThread()
    {
        var group = StartGroup(standbyMax: 3).Group;
        using var ended = new CountdownEvent(3);
        var isOnThreadPool = true;
        var waiting = new WorkAction(() =>
        {
            Block();
            ended.Signal();
        });
        Assert.True(group.TryOffload(waiting));
        Assert.True(group.TryOffload(waiting));

        Assert.True(group.TryOffload(new WorkAction(() =>
        {
            isOnThreadPool = Thread.CurrentThread.IsThreadPoolThread;
            Release();
            ended.Signal();
        })));

        Assert.True(ended.Wait(Until.Patience, TestContext.Current.CancellationToken), "Work waits for itself.");
        Assert.False(isOnThreadPool);
    }

    [Fact]
    public void TryOffload_WithoutThreadsForIt_IsRefused()
    {
        var group = StartGroup(standbyMax: 1).Group;

        Assert.False(group.TryOffload(new WorkAction(() => { })));
    }
}
