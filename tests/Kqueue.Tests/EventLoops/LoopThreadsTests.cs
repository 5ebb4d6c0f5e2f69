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
