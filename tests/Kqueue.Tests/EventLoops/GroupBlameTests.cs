using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using Kqueue.Interop;

namespace Kqueue.Tests.EventLoops;

/// <summary>What a handler is told that its loop was taken from.</summary>
public sealed class GroupBlameTests : GroupSuite
{
    // More than a handler has to sleep, or to run, to be sure to have done so, and not only to have been there, when
    // others use the processors, too.
    private static readonly TimeSpan s_surely = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void BlockedWork_ComesBack_IsToldOnce()
    {
        var loop = StartGroup().Loop;
        StayingAction work = new(() =>
        {
            Until.Holds(() => EventLoop.Current is null, "The loop was not handed over.");
            Thread.Sleep(s_surely);
        });

        loop.Post(work);

        Until.Holds(() => !work.Told.IsEmpty, "The handler is not told.");
        Assert.Equal(HandlerStay.Blocked, Assert.Single(work.Told).Stay);
    }

    // What it finds behind itself in the list when it is back is not its own any more. Method: two others block there,
    // and no thread is left for the loop, which stays in that turn.
    [Fact]
    public void BlockedWork_ComesBackAndTheListGoesOn_IsTold()
    {
        var loop = StartGroup(standbyMax: 1).Loop;
        using var othersRun = new CountdownEvent(2);
        StayingAction work = new(() => othersRun.Wait(Until.Patience));
        WorkAction other = new(() =>
        {
            othersRun.Signal();
            Block();
        });

        loop.Post(new WorkAction(() =>
        {
            loop.Post(work);
            loop.Post(other);
            loop.Post(other);
        }));

        Until.Holds(() => !work.Told.IsEmpty, "The handler is not told.");
    }

    [Fact]
    public void BlockedWork_IsNotBackForLong_IsToldOnceAndOnThePool()
    {
        var (group, loop) = StartGroup();
        StayingAction work = new(() =>
        {
            Thread.Sleep(s_surely);
            Block();
        });

        loop.Post(work);

        Until.Holds(() => !work.Told.IsEmpty, "The handler is not told.");
        Release();
        Until.Holds(() => group.StandbyThreadCount > 0, "The thread does not come back.");
        Assert.Equal([(HandlerStay.Blocked, true)], work.Told);
    }

    [Fact]
    public void ComputingWork_ComesBack_IsNotCalledBlocking() => AssertComputes(
        _ => Compute(() => EventLoop.Current is null), told => told.Last().Stay is HandlerStay.Computed);

    [Fact]
    public void ComputingWork_ForLong_IsNotCalledBlocking() => AssertComputes(
        work => Compute(() => !work.Told.IsEmpty), told => told is [(HandlerStay.Computed, true)]);

    // Goal: handlers that compute do not all run at once. Method: as many as there are processors lose their loop; the
    // next one that computes keeps it, so that what is posted behind it waits until one of them is back. On a machine
    // that is busy with something else they hardly run, and so do not look as if they computed: the best of the tries
    // of some time.
    [Fact]
    public void ComputingWork_OnAllProcessors_TheNextKeepsItsLoop()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems do not show what another thread runs");
        var loop = StartGroup().Loop;
        var handlers = 4 * Environment.ProcessorCount;

        Until.Holds(() => BeginToCompute(loop, handlers) < handlers, "All that compute run at once.");
    }

    // On a machine that is busy with something else, what computes hardly runs, and looks as if it blocked until it is
    // back. And its thread may sleep for long, for a lock whose holder has no core: the watch's on the way to the
    // handler, or the runtime's as it compiles what the handler runs. So this takes the best of the tries of some time,
    // and all that is told in one.
    private void AssertComputes(
        Action<StayingAction> compute, Func<(HandlerStay Stay, bool IsOnPool)[], bool> isRight)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems do not show what another thread runs and waits");
        var (group, loop) = StartGroup();
        var deadline = Environment.TickCount64 + (long)Until.Patience.TotalMilliseconds;
        (HandlerStay Stay, bool IsOnPool)[] told;
        do
        {
            var isBack = false;
            StayingAction? work = null;
            work = new StayingAction(() =>
            {
                compute(work!);
                ComputeSurely();
                Volatile.Write(ref isBack, true);
            });
            loop.Post(work);
            Until.Holds(() => !work.Told.IsEmpty, "A handler that computes is never told.");
            Until.Holds(
                () => Volatile.Read(ref isBack) && group.StandbyThreadCount == group.ThreadCount - 1,
                "The thread does not come back.");
            told = [.. work.Told];
        }
        while (!isRight(told) && Environment.TickCount64 < deadline);

        Assert.True(isRight(told), $"It was told: {string.Join(", ", told)}.");
    }

    /// <summary>How many of so many handlers that compute have begun when all have had the time to.</summary>
    private static int BeginToCompute(EventLoop loop, int handlers)
    {
        var isOver = false;
        var (begun, ended) = (0, 0);
        for (var i = 0; i < handlers; i++)
        {
            loop.Post(new WorkAction(() =>
            {
                Interlocked.Increment(ref begun);
                Compute(() => Volatile.Read(ref isOver));
                Interlocked.Increment(ref ended);
            }));
        }

        Until.Holds(() => Volatile.Read(ref begun) > Environment.ProcessorCount, "No loop was handed over.");
        Thread.Sleep(300);
        var count = Volatile.Read(ref begun);
        Volatile.Write(ref isOver, true);
        Until.Holds(() => Volatile.Read(ref ended) == handlers, "Handlers are forgotten.");
        return count;
    }

    private static void ComputeSurely()
    {
        var cpuNs = Libc.ThreadCpuNs() + s_surely.TotalNanoseconds;
        Compute(() => Libc.ThreadCpuNs() > cpuNs);
    }

    // Computes, without a wait that the watch could take for a sleep.
    private static void Compute(Func<bool> isOver)
    {
        var deadline = Environment.TickCount64 + (long)Until.Patience.TotalMilliseconds;
        while (!isOver() && Environment.TickCount64 < deadline)
        {
            Thread.SpinWait(100);
        }
    }
}
