using System.Collections.Concurrent;
using Kqueue.EventLoops;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void Post_FromAnotherThread_RunsOnTheLoopInOrder()
    {
        var loop = StartLoop();
        var ran = new ConcurrentQueue<(int Number, EventLoop? Loop)>();

        for (var i = 0; i < 100; i++)
        {
            loop.Post(number => ran.Enqueue(((int)number!, EventLoop.Current)), i);
        }

        Until.Holds(() => ran.Count == 100, "Posted work was lost.");
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (i, (EventLoop?)loop)), ran);
    }

    [Fact]
    public void Post_FromTheLoopItself_RunsAfterTheCallAndWakesNobody()
    {
        var loop = CreateCountedLoop(out var queue);
        loop.Start();
        var order = new ConcurrentQueue<string>();

        RunOn(loop, () =>
        {
            var triggers = queue.Triggers;
            loop.Post(new WorkAction(() => order.Enqueue("posted")));
            order.Enqueue("poster");
            Assert.Equal(triggers, queue.Triggers);
        });

        RunOn(loop, () => { });
        Assert.Equal(["poster", "posted"], order);
    }

    [Fact]
    public void Post_ManyTimesInOneWait_WakesOnce()
    {
        var loop = CreateCountedLoop(out var queue);
        var ran = 0;

        // A loop that has not started stands in its wait.
        for (var i = 0; i < 1_000; i++)
        {
            loop.Post(new WorkAction(() => ran++));
        }

        Assert.Equal(1, queue.Triggers);
        loop.Start();
        RunOn(loop, () => Assert.Equal(1_000, ran));
    }

    [Fact]
    public void Post_TheWakeFails_TheNextPostWakes()
    {
        var loop = CreateCountedLoop(out var queue);
        queue.TriggerFails = true;
        loop.Post(new WorkAction(() => { }));
        queue.TriggerFails = false;

        loop.Post(new WorkAction(() => { }));

        Assert.Equal(2, queue.Triggers);
    }

    [Fact]
    public void Post_FromManyThreads_LosesNothing()
    {
        const int Threads = 4;
        const int PostsEach = 5_000;
        var loop = StartLoop();
        var ran = 0;
        var work = new WorkAction(() => ran++);
        var posters = Enumerable.Range(0, Threads).Select(_ => StartThread(() =>
        {
            for (var i = 0; i < PostsEach; i++)
            {
                loop.Post(work);
            }
        })).ToArray();

        Array.ForEach(posters, poster => poster.Join());

        RunOn(loop, () => Assert.Equal(Threads * PostsEach, ran));
    }

    // Each post finds the loop falling asleep, waking or asleep: the races around the wait.
    [Fact]
    public void Post_AgainAndAgainIntoTheWait_IsAlwaysSeen()
    {
        var loop = StartLoop();
        using var done = new ManualResetEventSlim();
        for (var i = 0; i < 500; i++)
        {
            done.Reset();
            loop.Post(static state => ((ManualResetEventSlim)state!).Set(), done);
            Until.IsSet(done, $"Post {i} was slept through.");
        }
    }

    [Fact]
    public void Post_ToALoopThatHasEnded_RunsOnTheThreadPool()
    {
        var loop = StartLoop();
        loop.Dispose();
        using var done = new ManualResetEventSlim();
        var isOnPool = false;

        loop.Post(new WorkAction(() =>
        {
            isOnPool = Thread.CurrentThread.IsThreadPoolThread;
            done.Set();
        }));

        Until.IsSet(done, "The work was lost.");
        Assert.True(isOnPool);
    }

    [Fact]
    public void Post_BeforeALoopIsDisposedUnstarted_RunsOnTheThreadPool()
    {
        var loop = CreateLoop();
        using var done = new ManualResetEventSlim();
        loop.Post(new WorkAction(done.Set));

        loop.Dispose();

        Until.IsSet(done, "The work was lost.");
    }

    [Fact]
    public void Stop_WorkIsPosted_RunsItFirst()
    {
        var loop = StartLoop();
        EventLoop? where = null;
        RunOn(loop, () =>
        {
            loop.Stop();
            loop.Post(new WorkAction(() => where = EventLoop.Current));
        });

        loop.Dispose();

        Assert.Same(loop, where);
    }

    [Fact]
    public void Post_WorkThatPostsItselfForEver_DoesNotKeepEventsWaiting()
    {
        var loop = StartLoop();
        var pair = ConnectPair();
        var isOver = false;
        using var called = new ManualResetEventSlim();
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ => called.Set()));
        registration.Arm(KEventFilter.Read, Clear);
        WorkAction? endless = null;
        endless = new WorkAction(() =>
        {
            if (!Volatile.Read(ref isOver))
            {
                loop.Post(endless!);
            }
        });
        loop.Post(endless);

        pair.Peer.Send(1);

        var isCalled = called.Wait(Until.Patience, TestContext.Current.CancellationToken);
        Volatile.Write(ref isOver, true);
        Assert.True(isCalled, "Work that posts work keeps events waiting.");
    }

    [Fact]
    public void PostAndDispatch_OnceWarm_AllocateNothing()
    {
        Assert.SkipWhen(WhyTheKernelAllocates is not null, WhyTheKernelAllocates ?? "");
        const int Warm = 2_000;
        const int Measured = 1_000;
        var loop = StartLoop();
        var pair = ConnectPair();
        var data = new byte[1];
        var rounds = 0;
        var (before, after) = (0L, -1L);
        WorkAction? send = null;
        using var registration = loop.Register(pair.Near.Ident, new HandlerAction(_ =>
        {
            Sockets.Receive(pair.Near.Descriptor, data);
            loop.Post(send!);
        }));
        send = new WorkAction(() =>
        {
            rounds++;
            before = rounds == Warm ? GC.GetAllocatedBytesForCurrentThread() : before;
            if (rounds == Warm + Measured)
            {
                Volatile.Write(ref after, GC.GetAllocatedBytesForCurrentThread());
                return;
            }

            Sockets.Send(pair.Peer.Descriptor, data);
        });
        registration.Arm(KEventFilter.Read, Clear);
        loop.Post(send);

        Until.Holds(() => Volatile.Read(ref after) >= 0, "The rounds do not end.");

        Assert.Equal(0, after - before);
    }
}
