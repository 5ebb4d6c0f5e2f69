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
    public void LookAtBacklog_NoThreadComesBack_AnExtraThreadRunsTheNewestFirst()
    {
        using var fixture = new StuckThreads();
        using var done = new CountdownEvent(3);
        var order = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            var number = i;
            fixture.Threads.TryOffload(new WorkAction(() =>
            {
                order.Add(number);
                done.Signal();
            }));
        }

        fixture.Look(Backlog.LooksMax);
        Assert.Equal((1, true), (fixture.Threads.Count, fixture.Threads.HasBacklog));
        fixture.Look(1);

        Assert.True(done.Wait(Until.Patience, TestContext.Current.CancellationToken), "The work waits for ever.");
        Assert.Equal([2, 1, 0], order);
        Until.Holds(() => fixture.Threads.Count == 1, "The extra thread does not end.");
    }

    [Fact]
    public void LookAtBacklog_TheExtraThreadIsStuckToo_TheNextComesAfterAsManyLooks()
    {
        using var fixture = new StuckThreads();
        using var ran = new ManualResetEventSlim();
        fixture.Threads.TryOffload(new WorkAction(ran.Set));
        fixture.Threads.TryOffload(new WorkAction(fixture.Block));
        fixture.Look(Backlog.LooksMax + 1);
        Until.Holds(() => fixture.BlockedCount == 2, "No extra thread runs the work.");

        fixture.Look(Backlog.LooksMax);
        Assert.Equal((2, false), (fixture.Threads.Count, ran.IsSet));
        fixture.Look(1);

        Until.IsSet(ran, "The work waits for ever.");
    }

    // The one before has found nothing more to do and is gone: it was no sign that the next is stuck, too.
    [Fact]
    public void LookAtBacklog_TheExtraThreadCameBack_TheNextComesAtOnce()
    {
        using var fixture = new StuckThreads();
        using var ran = new ManualResetEventSlim();
        fixture.Threads.TryOffload(new WorkAction(() => { }));
        fixture.Look(Backlog.LooksMax + 1);
        Until.Holds(() => fixture.Threads.Count == 1 && !fixture.Threads.HasBacklog, "The extra thread does not end.");

        fixture.Threads.TryOffload(new WorkAction(ran.Set));
        fixture.Look(1);

        Until.IsSet(ran, "The work waits although nobody of the last ones was stuck.");
    }

    [Fact]
    public void LookAtBacklog_AThreadComesBack_TheExtraThreadLeavesTheRestToIt()
    {
        using var fixture = new StuckThreads();
        using var extraEntered = new ManualResetEventSlim();
        using var extraRelease = new ManualResetEventSlim();
        using var lastRelease = new ManualResetEventSlim();
        fixture.Threads.TryOffload(new WorkAction(() => { }));
        fixture.Threads.TryOffload(new WorkAction(() => lastRelease.Wait(Until.Patience)));
        fixture.Threads.TryOffload(new WorkAction(() =>
        {
            extraEntered.Set();
            extraRelease.Wait(Until.Patience);
        }));
        fixture.Look(Backlog.LooksMax + 1);
        Until.IsSet(extraEntered, "No extra thread runs the work.");

        fixture.Release();
        Until.Holds(() => !fixture.Threads.HasBacklog, "The thread that is back does not take the rest.");
        fixture.Threads.TryOffload(new WorkAction(() => { }));
        extraRelease.Set();

        Until.Holds(() => fixture.Threads.Count == 1, "The extra thread does not end.");
        Assert.True(fixture.Threads.HasBacklog);
        lastRelease.Set();
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

    // The reserve is a thread for each loop, but half of those that stand by at most. A loop that is driven stands for
    // a thread that is stuck.
    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(1, 2, 1)]
    [InlineData(2, 1, 0)]
    [InlineData(2, 2, 1)]
    [InlineData(2, 3, 1)]
    [InlineData(2, 4, 2)]
    [InlineData(2, 32, 2)]
    [InlineData(32, 32, 16)]
    public void HasReserve_ThreadsAreBusy_IsWholeUntilOnlyTheReserveIsLeft(int loopCount, int standbyMax, int reserve)
    {
        var threads = new LoopThreads(loopCount, standbyMax, TimeSpan.FromHours(1));
        var loops = Enumerable.Range(0, loopCount + standbyMax).Select(_ => new EventLoop()).ToArray();
        var whole = 0;

        foreach (var loop in loops)
        {
            threads.Drive(loop.TakeStart());
            whole += threads.HasReserve ? 1 : 0;
        }

        Assert.Equal(loops.Length - reserve, whole);
        Array.ForEach(loops, loop => loop.Dispose());
        Until.Holds(() => threads.HasReserve, "The threads do not come back.");
        threads.Stop();
    }

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(2, 3, 2)]
    [InlineData(2, 32, 30)]
    public void TryOffload_MoreThanThreads_LeavesTheReserve(int loopCount, int standbyMax, int offloaded)
    {
        var threads = new LoopThreads(loopCount, standbyMax, TimeSpan.FromHours(1));
        var loops = Enumerable.Range(0, loopCount).Select(_ => new EventLoop()).ToArray();
        Array.ForEach(loops, loop => threads.Drive(loop.TakeStart()));
        using var release = new ManualResetEventSlim();

        for (var i = 0; i <= offloaded; i++)
        {
            Assert.False(threads.HasBacklog);
            Assert.True(threads.TryOffload(new WorkAction(() => release.Wait(Until.Patience))));
        }

        Assert.Equal((true, true), (threads.HasBacklog, threads.HasReserve));
        release.Set();
        Until.Holds(() => threads.StandbyCount == offloaded, "The threads do not come back.");
        Array.ForEach(loops, loop => loop.Dispose());
        threads.Stop();
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

    /// <summary>Threads of which the only one is stuck.</summary>
    private sealed class StuckThreads : IDisposable
    {
        private readonly ManualResetEventSlim _release = new();
        private int _blocked;

        public StuckThreads()
        {
            Threads.TryOffload(new WorkAction(Block));
            Until.Holds(() => BlockedCount == 1, "The work does not run.");
        }

        public LoopThreads Threads { get; } = new(loopCount: 0, standbyMax: 1, TimeSpan.FromHours(1));

        public int BlockedCount => Volatile.Read(ref _blocked);

        public void Block()
        {
            Interlocked.Increment(ref _blocked);
            _release.Wait(Until.Patience * 2);
        }

        public void Look(int times)
        {
            for (var look = 0; look < times; look++)
            {
                Threads.LookAtBacklog();
            }
        }

        public void Release() => _release.Set();

        public void Dispose()
        {
            Release();
            Threads.Stop();
            Until.Holds(() => Threads.Count == 0, "The threads do not end.");
            _release.Dispose();
        }
    }
}
