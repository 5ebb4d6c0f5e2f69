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
        using var taken = new ManualResetEventSlim();
        loop.Post(new WorkAction(() =>
        {
            before = EventLoop.Current;
            BlockUntilTaken();
            taken.Set();
            Block();
            after = EventLoop.Current;
        }));
        Until.IsSet(taken, "The loop was not handed over.");
        Assert.InRange(group.ThreadCount, 2, 33);

        Release();

        Until.Holds(() => group.StandbyThreadCount == group.ThreadCount - 1, "The old driver does not stand by.");
        Assert.Same(loop, before);
        Assert.Null(after);
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
    }

    [Fact]
    public void LessLoaded_TwoLoops_IsTheOneWithFewerOrTheyTakeTurns()
    {
        var group = StartGroup(loopCount: 2).Group;
        using var registration = group.Loops[0].Register(ident: 0, new HandlerAction(_ => { }));

        Assert.All(Enumerable.Range(0, 4), _ => Assert.Same(group.Loops[1], group.LessLoaded()));
        using var second = group.Loops[1].Register(ident: 0, new HandlerAction(_ => { }));
        Assert.Equal(2, Enumerable.Range(0, 4).Select(_ => group.LessLoaded()).Distinct().Count());
    }

    /// <summary>
    /// Connections of very different lives: what is left on a loop depends on its luck, which the second look mends.
    /// </summary>
    [Theory]
    [InlineData(16)]
    [InlineData(64)]
    public void LessLoaded_ManyLoopsAndRegistrationsThatComeAndGo_NoneHasManyMoreThanTheMean(int loopCount)
    {
        const int Mean = 100;
        var group = StartGroup(loopCount: loopCount).Group;
        var random = new Random(1);
        var open = new List<Registration>();
        for (var i = 0; i < 20 * Mean * loopCount; i++)
        {
            open.Add(group.LessLoaded().Register(ident: 0, new HandlerAction(_ => { })));
            if (open.Count > Mean * loopCount)
            {
                var gone = random.Next(open.Count);
                open[gone].Dispose();
                open[gone] = open[^1];
                open.RemoveAt(open.Count - 1);
            }
        }

        Assert.All(group.Loops, loop => Assert.InRange(loop.RegistrationCount, Mean - 10, Mean + 10));
        open.ForEach(registration => registration.Dispose());
    }

    [Fact]
    public void LessLoaded_OneLoopHasFarMore_GetsNothingWhileTheOthersTakeTurns()
    {
        var group = StartGroup(loopCount: 16).Group;
        var many = Enumerable.Range(0, 100)
            .Select(_ => group.Loops[3].Register(0, new HandlerAction(_ => { }))).ToArray();

        var chosen = Enumerable.Range(0, 1600).Select(_ => group.LessLoaded()).ToArray();

        Assert.DoesNotContain(group.Loops[3], chosen);
        Assert.All(chosen.CountBy(loop => loop), loop => Assert.InRange(loop.Value, 100, 125));
        Array.ForEach(many, registration => registration.Dispose());
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
}
