using System.Collections.Concurrent;
using Kqueue.EventLoops;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

/// <summary>Hand-overs, with real threads that really block.</summary>
public sealed class EventLoopGroupTests : GroupSuite
{
    [Fact]
    public void BlockedWork_OneLoop_TheOthersAreServedMeanwhile()
    {
        var (group, loop) = StartGroup();
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(Block));
        loop.Post(new WorkAction(ran.Set));

        Until.IsSet(ran, "A blocked handler stops its loop.");

        Assert.True(group.HandOverCount >= 1);
        Assert.False(IsReleased);
    }

    [Fact]
    public void BlockedHandler_EventsOfTheSameBatch_AreDispatchedMeanwhile()
    {
        var loop = StartGroup().Loop;
        using var served = new CountdownEvent(4);
        var pairs = Enumerable.Range(0, 5).Select(_ => KernelUnderTest.Sockets.ConnectPair()).ToArray();
        var calls = 0;

        // Armed while the loop is held, so that one wait returns them all; whichever comes first blocks.
        Hold(loop, () =>
        {
            foreach (var pair in pairs)
            {
                loop.Register(pair.Near.Ident, new HandlerAction(_ => BlockFirst())).Arm(KEventFilter.Read, Clear);
                pair.Peer.Send(1);
                pair.Near.WaitForBytes(1);
            }
        });

        Assert.True(served.Wait(Until.Patience, TestContext.Current.CancellationToken), $"{served.CurrentCount} wait.");
        Assert.Equal(5, calls);
        Array.ForEach(pairs, pair => pair.Dispose());

        void BlockFirst()
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                Block();
                return;
            }

            served.Signal();
        }
    }

    [Fact]
    public void BlockedWork_Returns_ItsThreadStandsByAndTheLoopIsNotItsAnyMore()
    {
        var (group, loop) = StartGroup();
        var (before, after) = ((EventLoop?)null, loop);
        loop.Post(new WorkAction(() =>
        {
            before = EventLoop.Current;
            Block();
            after = EventLoop.Current;
        }));
        Until.Holds(() => group.HandOverCount > 0, "The loop was not handed over.");
        Assert.InRange(group.ThreadCount, 2, 33);

        Release();

        Until.Holds(() => group.StandbyThreadCount == group.ThreadCount - 1, "The old driver does not stand by.");
        Assert.Same(loop, before);
        Assert.Null(after);
    }

    [Fact]
    public void BlockedWork_AtTheBound_StaysAndIsCounted()
    {
        var (group, loop) = StartGroup(standbyMax: 2);
        var watched = new WatchedAction(Block);
        using var last = new ManualResetEventSlim();
        loop.Post(new WorkAction(Block));
        loop.Post(new WorkAction(Block));
        loop.Post(watched);
        loop.Post(new WorkAction(last.Set));

        Until.Holds(() => group.RefusedHandOverCount > 0 && watched.NotHandedOver > 0, "No hand-over was refused.");

        Assert.True(group.HandOverCount >= 2);
        Assert.Equal(3, group.ThreadCount);
        Assert.False(last.IsSet);
        Release();
        Until.IsSet(last, "The loop does not go on after the block.");
    }

    [Fact]
    public void BlockedWork_ThatWantsToHear_IsToldOnce()
    {
        var loop = StartGroup().Loop;
        var watched = new WatchedAction(Block);

        loop.Post(watched);

        Until.Holds(() => watched.HandedOver > 0, "The handler does not hear of the hand-over.");
        Assert.Equal((1, 0), (watched.HandedOver, watched.NotHandedOver));
    }

    // The loop goes on without it, and it is not to blame: a thread that was set aside looks just the same.
    [Fact]
    public void ComputingWork_ForAFewPeriods_IsHandedOverAndNotTold()
    {
        var (group, loop) = StartGroup();
        var watched = new WatchedAction(() => Compute(() => group.HandOverCount > 0));

        loop.Post(watched);
        Until.Holds(() => group.HandOverCount > 0, "The loop was not handed over.");
        Until.Holds(() => group.StandbyThreadCount > 0, "The old driver does not stand by.");

        Assert.Equal((0, 0), (watched.HandedOver, watched.NotHandedOver));
    }

    [Fact]
    public void ComputingWork_ForLong_IsTold()
    {
        var loop = StartGroup().Loop;
        WatchedAction? watched = null;
        watched = new WatchedAction(() => Compute(() => watched!.HandedOver > 0));

        loop.Post(watched);

        Until.Holds(() => watched.HandedOver > 0, "A handler that computes for long is never told.");
    }

    [Theory]
    [InlineData(32)]
    [InlineData(0)]
    public void OnStuck_Throws_GoesToTheUnhandledExceptionsAndTheLoopGoesOn(int standbyMax)
    {
        var unhandled = new ConcurrentQueue<Exception>();
        var loop = StartGroup(standbyMax, unhandledException: unhandled.Enqueue).Loop;
        using var ran = new ManualResetEventSlim();

        loop.Post(new WatchedAction(Block, onStuck: () => throw new InvalidOperationException("stuck")));
        loop.Post(new WorkAction(ran.Set));

        Until.Holds(() => !unhandled.IsEmpty, "The exception is gone.");
        Release();
        Until.IsSet(ran, "The loop does not go on.");
        Assert.All(unhandled, exception => Assert.Equal("stuck", exception.Message));
    }

    [Fact]
    public void HandOverOff_BlockedWork_KeepsItsLoop()
    {
        var (group, loop) = StartGroup(handOver: false);
        using var blocked = new ManualResetEventSlim();
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(() =>
        {
            blocked.Set();
            Block();
        }));
        loop.Post(new WorkAction(ran.Set));
        Until.IsSet(blocked, "The work does not run.");

        Assert.Equal((1, 0L), (group.ThreadCount, group.HandOverCount));
        Assert.False(ran.IsSet);
        Release();
        Until.IsSet(ran, "The loop does not go on.");
    }

    [Fact]
    public void Dispose_HandlerIsStuck_DoesNotWaitForIt()
    {
        var (group, loop) = StartGroup();
        using var returned = new ManualResetEventSlim();
        loop.Post(new WorkAction(() =>
        {
            Block();
            returned.Set();
        }));
        Until.Holds(() => group.HandOverCount > 0, "The loop was not handed over.");

        using var disposal = new OtherThread(group.Dispose);
        disposal.Join();

        Assert.False(returned.IsSet);
        Release();
        Until.IsSet(returned, "The handler does not return.");
        Until.Holds(() => group.ThreadCount == 0, "The old driver does not end.");
    }

    [Fact]
    public void Dispose_TwiceAndWhileIdle_EndsAllThreads()
    {
        var group = StartGroup(loopCount: 3).Group;

        group.Dispose();
        group.Dispose();

        Until.Holds(() => group.ThreadCount == 0, "Threads are left.");
        Assert.False(group.TryOffload(new WorkAction(() => { })));
    }

    [Fact]
    public void LeastLoaded_LoopsWithRegistrations_IsTheOneWithTheFewest()
    {
        var group = StartGroup(loopCount: 2).Group;
        using var registration = group.Loops[0].Register(ident: 0, new HandlerAction(_ => { }));

        Assert.All(Enumerable.Range(0, 4), _ => Assert.Same(group.Loops[1], group.LeastLoaded()));
        using var second = group.Loops[1].Register(ident: 0, new HandlerAction(_ => { }));
        Assert.Equal(2, Enumerable.Range(0, 4).Select(_ => group.LeastLoaded()).Distinct().Count());
    }

    private static void Hold(EventLoop loop, Action action)
    {
        using var held = new ManualResetEventSlim();
        loop.Post(new WorkAction(() =>
        {
            action();
            held.Set();
        }));
        Until.IsSet(held, "The loop does not run what was posted.");
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
