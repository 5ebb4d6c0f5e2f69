using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>The threads by themselves: no loop, only offloaded work.</summary>
public sealed class LoopThreadsTests
{
    [Fact]
    public void Standby_NothingToDoForLong_TheThreadEnds()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 1, TimeSpan.FromMilliseconds(20));
        using var ran = new ManualResetEventSlim();

        Assert.True(threads.TryOffload(new WorkAction(ran.Set)));

        Until.IsSet(ran, "The work does not run.");
        Until.Holds(() => threads.Count == 0, "The thread does not end.");
        threads.Stop();
    }

    // A thread that leaves just as it is called: the standby time is about that of a round.
    [Fact]
    public void TryOffload_WhileThreadsLeave_AllWorkRuns()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 1, TimeSpan.FromMilliseconds(1));
        using var ran = new SemaphoreSlim(0);
        var work = new WorkAction(() => ran.Release());
        for (var i = 0; i < 500; i++)
        {
            Until.Holds(() => threads.TryOffload(work), "No thread comes back.");
            Assert.True(ran.Wait(Until.Patience, TestContext.Current.CancellationToken), $"Work {i} was lost.");
        }

        threads.Stop();
        Until.Holds(() => threads.Count == 0, "The thread does not end.");
    }

    [Fact]
    public void TryOffload_AllThreadsAreBusy_TheNextToComeBackRunsItInOrder()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 1, TimeSpan.FromHours(1));
        using var release = new ManualResetEventSlim();
        using var done = new CountdownEvent(100);
        var order = new List<int>();
        threads.TryOffload(new WorkAction(() => release.Wait(Until.Patience)));

        for (var i = 0; i < 100; i++)
        {
            var number = i;
            Assert.True(threads.TryOffload(new WorkAction(() =>
            {
                order.Add(number);
                done.Signal();
            })));
        }

        Assert.True(threads.HasBacklog);
        release.Set();
        Assert.True(done.Wait(Until.Patience, TestContext.Current.CancellationToken), "Work was lost.");
        Assert.Equal(Enumerable.Range(0, 100), order);
        Assert.Equal((1, false), (threads.Count, threads.HasBacklog));
        threads.Stop();
    }

    [Fact]
    public void LookAtBacklog_NoThreadComesBack_GivesOnePieceALookToTheThreadPool()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 1, TimeSpan.FromHours(1));
        using var release = new ManualResetEventSlim();
        using var ran = new SemaphoreSlim(0);
        threads.TryOffload(new WorkAction(() => release.Wait(Until.Patience)));
        threads.TryOffload(new WorkAction(() => ran.Release()));
        threads.TryOffload(new WorkAction(() => ran.Release()));

        for (var look = 0; look < LoopThreads.LooksAtBacklogMax; look++)
        {
            threads.LookAtBacklog();
        }

        Assert.Equal(0, ran.CurrentCount);
        threads.LookAtBacklog();
        Assert.True(ran.Wait(Until.Patience, TestContext.Current.CancellationToken), "The work waits for ever.");
        Assert.True(threads.HasBacklog);
        threads.LookAtBacklog();
        Assert.True(ran.Wait(Until.Patience, TestContext.Current.CancellationToken), "The work waits for ever.");
        Assert.False(threads.HasBacklog);
        release.Set();
        threads.Stop();
    }

    [Fact]
    public void Stop_WorkWaitsForAThread_ItRunsOnTheThreadPool()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 1, TimeSpan.FromHours(1));
        using var release = new ManualResetEventSlim();
        using var ran = new ManualResetEventSlim();
        threads.TryOffload(new WorkAction(() => release.Wait(Until.Patience)));
        threads.TryOffload(new WorkAction(ran.Set));

        threads.Stop();

        Until.IsSet(ran, "The work was lost.");
        release.Set();
        Until.Holds(() => threads.Count == 0, "The thread does not end.");
    }

    [Fact]
    public void Stop_ThreadsStandByAndWork_AllEnd()
    {
        var threads = new LoopThreads(loopCount: 0, standbyMax: 2, TimeSpan.FromHours(1));
        using var release = new ManualResetEventSlim();
        using var releaseFirst = new ManualResetEventSlim();
        threads.TryOffload(new WorkAction(() => releaseFirst.Wait(Until.Patience)));
        threads.TryOffload(new WorkAction(() => release.Wait(Until.Patience)));
        releaseFirst.Set();
        Until.Holds(() => threads.StandbyCount == 1, "The first thread does not stand by.");

        threads.Stop();

        Until.Holds(() => threads.Count == 1, "The thread that stood by does not end.");
        Assert.False(threads.TryOffload(new WorkAction(() => { })));
        release.Set();
        Until.Holds(() => threads.Count == 0, "The thread that worked does not end.");
    }
}
