using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a look costs while nobody is stuck, and when it finds nobody.</summary>
public sealed class LoopWatchTests
{
    private const int Looks = 1000;

    // Every piece of work is claimed anew, so that the watch finds the loop active and moved, at each of its looks.
    [Fact]
    public void Look_TheLoopIsActiveAndMoves_AllocatesNothing()
    {
        using var loop = new EventLoop(new EventLoopOptions
        {
            KernelQueue = KernelUnderTest.Options(fillData: false),
        });
        var watch = new LoopWatch([loop], TimeSpan.FromMilliseconds(1));
        using var isOver = new ManualResetEventSlim();
        var (looks, active, allocated) = (0, 0, 0L);
        WorkAction? look = null;
        look = new WorkAction(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            active += watch.Look(mayJudge: true) ? 1 : 0;
            allocated += looks > 0 ? GC.GetAllocatedBytesForCurrentThread() - before : 0;
            if (++looks < Looks)
            {
                loop.Post(look!);
            }
            else
            {
                isOver.Set();
            }
        });

        loop.Start();
        loop.Post(look);

        Until.IsSet(isOver, "The loop does not run what was posted.");
        Assert.Equal((Looks, 0L), (active, allocated));
        Assert.Equal((0L, 0L), (loop.HandOverCount, watch.RefusedCount));
    }

    // Goal: a watch that was kept from its core, as everybody else was, takes no loop by what it finds then. Method: a
    // handler that is stuck, and no thread for its loop, so that the attempts are counted.
    [Fact]
    public void Look_MayNotJudge_LeavesTheLoopWithItsDriver()
    {
        using var runs = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        using var loop = new EventLoop();
        var watch = new LoopWatch([loop], TimeSpan.FromMilliseconds(1));
        loop.Start();
        loop.Post(new WorkAction(() =>
        {
            runs.Set();
            release.Wait(Until.Patience);
        }));
        Until.IsSet(runs, "The work does not run.");
        watch.Look(mayJudge: true);

        watch.Look(mayJudge: false);
        var refusedMeanwhile = watch.RefusedCount;
        watch.Look(mayJudge: true);

        release.Set();
        Assert.Equal((0L, 1L), (refusedMeanwhile, watch.RefusedCount));
    }

    // A mark costs system calls: a group of many loops makes no more of them than one of few.
    [Fact]
    public void Look_ManyLoopsMove_AsksAsManyToMarkAsThereAreProcessors()
    {
        var loops = Enumerable.Range(0, 3 * Environment.ProcessorCount).Select(_ => new EventLoop()).ToArray();
        var watch = new LoopWatch(loops, TimeSpan.FromMilliseconds(1));

        // None has been seen before.
        watch.Look(mayJudge: true);

        Assert.Equal(Environment.ProcessorCount, loops.Count(loop => loop.Driver.MustMark));
        Array.ForEach(loops, loop => loop.Dispose());
    }
}
