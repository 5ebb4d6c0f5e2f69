using System.Collections.Concurrent;
using System.Globalization;
using Kqueue.EventLoops;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

/// <summary>Hand-overs, standby threads and the watch, with real threads that really block.</summary>
public sealed class EventLoopGroupTests : IDisposable
{
    // Long enough that a busy machine seldom makes a driver look stuck that is not. Where it does, nothing breaks but
    // the loop has been handed over once more: no test counts on the exact number.
    private static readonly TimeSpan s_watchPeriod = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _release = new();
    private EventLoopGroup? _group;

    public void Dispose()
    {
        _release.Set();
        _group?.Dispose();
    }

    [Fact]
    public void BlockedWork_OneLoop_TheOthersAreServedMeanwhile()
    {
        var (group, loop) = StartGroup();
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(Block));
        loop.Post(new WorkAction(ran.Set));

        Until.IsSet(ran, "A blocked handler stops its loop.");

        Assert.True(group.HandOverCount >= 1);
        Assert.False(_release.IsSet);
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

        _release.Set();

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
        _release.Set();
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
        _release.Set();
        Until.IsSet(ran, "The loop does not go on.");
        Assert.All(unhandled, exception => Assert.Equal("stuck", exception.Message));
    }

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
            if (!EventLoop.TryDefer(new WorkAction(flushed.Set)))
            {
                flushed.Set();
            }

            Block();
        }));

        Until.IsSet(flushed, "What a blocked handler deferred stays behind.");
        Assert.False(_release.IsSet);
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

        _release.Set();

        Until.Holds(() => !results.IsEmpty, "The handler does not return.");
        Assert.Equal([false], results);
    }

    [Fact]
    public void HandOverOff_BlockedWork_KeepsItsLoop()
    {
        var loop = StartGroup(handOver: false).Loop;
        using var blocked = new ManualResetEventSlim();
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(() =>
        {
            blocked.Set();
            Block();
        }));
        loop.Post(new WorkAction(ran.Set));
        Until.IsSet(blocked, "The work does not run.");

        Assert.Equal((1, 0L), (_group!.ThreadCount, _group.HandOverCount));
        Assert.False(ran.IsSet);
        _release.Set();
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
        _release.Set();
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

        _release.Set();
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
            _release.Set();
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

    [Fact]
    public void LeastLoaded_LoopsWithRegistrations_IsTheOneWithTheFewest()
    {
        var group = StartGroup(loopCount: 2).Group;
        using var registration = group.Loops[0].Register(ident: 0, new HandlerAction(_ => { }));

        Assert.All(Enumerable.Range(0, 4), _ => Assert.Same(group.Loops[1], group.LeastLoaded()));
        using var second = group.Loops[1].Register(ident: 0, new HandlerAction(_ => { }));
        Assert.Equal(2, Enumerable.Range(0, 4).Select(_ => group.LeastLoaded()).Distinct().Count());
    }

    // Goal: an idle group causes no periodic wake-ups. Method: the kernel counts how often the watch gave up its core;
    // a watch that looks every 20 ms cannot hold the count still for a quarter of a second.
    [Fact]
    public void Watch_AllLoopsWait_Sleeps()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the counters are those of Linux's /proc");
        var loop = StartGroup().Loop;
        using var ran = new ManualResetEventSlim();
        loop.Post(new WorkAction(ran.Set));
        Until.IsSet(ran, "The work does not run.");

        Until.Holds(IsWatchQuiet, "The watch does not sleep.");

        // Parked as it is, it is there when it is needed.
        using var served = new ManualResetEventSlim();
        loop.Post(new WorkAction(Block));
        loop.Post(new WorkAction(served.Set));
        Until.IsSet(served, "The watch does not wake.");
    }

    private static bool IsWatchQuiet()
    {
        var before = SwitchesOfTheWatch();
        Thread.Sleep(250);
        return SwitchesOfTheWatch() == before;
    }

    /// <summary>Voluntary context switches of every watch in the process: groups of other tests are gone.</summary>
    private static long SwitchesOfTheWatch() => Directory.GetDirectories("/proc/self/task")
        .Where(task => File.ReadAllText(Path.Combine(task, "comm")).Trim() == "kqueue watch")
        .Sum(task => long.Parse(
            File.ReadLines(Path.Combine(task, "status"))
                .Single(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal))
                .Split(':')[1],
            CultureInfo.InvariantCulture));

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

    // Not for ever: a test that fails must not leave the process hanging.
    private void Block() => _release.Wait(Until.Patience * 2);

    private (EventLoopGroup Group, EventLoop Loop) StartGroup(
        int standbyMax = 32,
        bool handOver = true,
        int loopCount = 1,
        Action<Exception>? unhandledException = null)
    {
        _group = new EventLoopGroup(new EventLoopGroupOptions
        {
            LoopCount = loopCount,
            StandbyThreadsMax = standbyMax,
            HandOver = handOver,
            WatchPeriod = s_watchPeriod,
            Loop = new EventLoopOptions
            {
                KernelQueue = KernelUnderTest.Options(fillData: false),
                UnhandledException = unhandledException,
            },
        });
        return (_group, _group.Loops[0]);
    }
}
