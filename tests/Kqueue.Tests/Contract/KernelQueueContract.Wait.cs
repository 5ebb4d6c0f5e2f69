using System.Diagnostics;
using Kqueue.Interop;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    [Theory]
    [InlineData(300_000)]
    [InlineData(1_500_000)]
    [InlineData(20_000_000)]
    public void Wait_NothingHappens_EndsAfterTheTimeoutAndNotBefore(long timeoutNs)
    {
        Requires(KernelTrait.ExactTimes);
        var queue = CreateQueue();
        var started = Stopwatch.GetTimestamp();

        Assert.Equal(0, queue.Kevent([], new KEvent[1], timeoutNs));

        var elapsedNs = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
        Assert.InRange(elapsedNs, timeoutNs, timeoutNs + KernelQueueExtensions.PatienceNs);
    }

    [Fact]
    public void Wait_NoEventList_ReturnsAtOnce()
    {
        var queue = CreateQueue();

        Assert.Equal(0, queue.Kevent([], [], KernelQueue.InfiniteTimeout));
    }

    [Fact]
    public void Wait_TimeoutLongerThanAnyKernelTakes_IsCutOff()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);

        Assert.Equal(1, queue.Kevent([Changes.Read(pair.Near, Add)], new KEvent[1], long.MaxValue));
    }

    [Fact]
    public void Wait_NegativeTimeout_IsEINVAL()
    {
        Assert.Equal(Errno.EINVAL, CreateQueue().TryKevent([], new KEvent[1], timeoutNs: -2).Error);
    }

    [Fact]
    public void Wait_Disposed_Throws()
    {
        var queue = MakeQueue(fillData: true);
        queue.Dispose();
        queue.Dispose();

        Assert.Throws<ObjectDisposedException>(() => queue.Kevent([], [], timeoutNs: 0));
    }

    [Fact]
    public void Wait_TriggerFromAnotherThread_WakesTheWaiter()
    {
        var queue = CreateQueueWithUser(ident: 1, Add | Clear);
        WakeRepeatedly(queue, _ => queue.Apply(Changes.Trigger(1)), reported => Assert.Equal(1, reported.Ident));
    }

    [Fact]
    public void Wait_DataComesIn_WakesTheWaiter()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        WakeRepeatedly(queue, _ => pair.Peer.Send(1), _ => pair.Near.ReceiveExactly(1));
    }

    [Fact]
    public void Wait_AddFromAnotherThread_WakesTheWaiter()
    {
        var queue = CreateQueue();
        var pair = ConnectPair();
        pair.Peer.Send(1);
        pair.Near.WaitForBytes(1);
        WakeRepeatedly(
            queue,
            round => queue.Apply(Changes.Read(pair.Near, Add | OneShot, userData: round)),
            reported => Assert.Equal(KEventFilter.Read, reported.Filter));
    }

    [Fact]
    public void Wait_RepeatedAddFromAnotherThread_WakesTheWaiter()
    {
        Requires(KernelTrait.AddRearms);
        var queue = CreateQueue();
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        pair.Peer.Send(1);
        queue.WaitForEvent();
        WakeRepeatedly(
            queue,
            round => queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: round)),
            reported => Assert.Equal(1, reported.Data));
    }

    [Fact]
    public void Wait_TimerAddedFromAnotherThread_WakesTheWaiter()
    {
        var queue = CreateQueue();
        WakeRepeatedly(
            queue,
            round => queue.Apply(Changes.Timer(round, Add | OneShot, KEventNotes.Microseconds, data: 1)),
            reported => Assert.Equal(KEventFilter.Timer, reported.Filter));
    }

    [Fact]
    public void Wait_TwoThreadsAndOneEdge_WakesOneOfThem()
    {
        Requires(KernelTrait.EdgeWakesOneWaiter);
        var queue = CreateQueueWithUser(ident: 1, Add);
        var pair = ConnectPair();
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        var reads = 0;
        var first = Start(CountReads);
        var second = Start(CountReads);

        pair.Peer.Send(1);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref reads) > 0, TimeSpan.FromSeconds(30)));
        queue.Apply(Changes.Trigger(1));
        first.Join();
        second.Join();

        Assert.Equal(1, reads);

        // USER without CLEAR is level: it ends the wait of both.
        void CountReads()
        {
            KEvent reported;
            do
            {
                reported = queue.WaitForEvents(capacity: 1)[0];
                Interlocked.Add(ref reads, reported.Filter == KEventFilter.Read ? 1 : 0);
            }
            while (reported.Filter == KEventFilter.Read);
        }
    }

    [Fact]
    public void Wait_WatchedDescriptorIsClosed_DoesNotWakeTheWaiter()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        var queue = CreateQueueWithUser(ident: 1, Add | Clear);
        var pair = ConnectPair().WithNearAt(Sockets.ReservedNumber);
        queue.Apply(Changes.Read(pair.Near, Add | Clear));
        var waiting = new ManualResetEventSlim();
        var waiter = Start(() =>
        {
            waiting.Set();
            Assert.Equal(KEventFilter.User, queue.WaitForEvent().Filter);
        });
        waiting.Wait(TestContext.Current.CancellationToken);

        pair.Near.Close();
        queue.Apply(Changes.Trigger(1));

        waiter.Join();
    }

    [Fact]
    public void Wait_PingPongOfTwoQueues_LosesNoTrigger()
    {
        const int Rounds = 20_000;
        var near = CreateQueueWithUser(ident: 1, Add | Clear);
        var far = CreateQueueWithUser(ident: 1, Add | Clear);
        var other = Start(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                far.WaitForEvent();
                near.Apply(Changes.Trigger(1));
            }
        });

        for (var round = 0; round < Rounds; round++)
        {
            far.Apply(Changes.Trigger(1));
            near.WaitForEvent();
        }

        other.Join();
        near.ExpectSilence();
        far.ExpectSilence();
    }

    // The waiter drains a counter that several threads raise; whoever raises it triggers. A lost trigger ends in a
    // wait that nobody ends.
    [Fact]
    public void Wait_ManyThreadsTrigger_LosesNoTrigger()
    {
        const int Threads = 3;
        const int Posts = 5_000;
        var queue = CreateQueueWithUser(ident: 1, Add | Clear);
        var posted = 0;
        var posters = Enumerable.Range(0, Threads).Select(_ => Start(() =>
        {
            for (var i = 0; i < Posts; i++)
            {
                Interlocked.Increment(ref posted);
                queue.Apply(Changes.Trigger(1));
            }
        })).ToArray();

        for (var taken = 0; taken < Threads * Posts;)
        {
            queue.WaitForEvent();
            taken += Interlocked.Exchange(ref posted, 0);
        }

        Assert.All(posters, poster => poster.Join());
    }

    [Fact]
    public void Wait_DescriptorsAreAddedClosedAndReused_NoStaleUserDataIsReported()
    {
        Requires(KernelTrait.CloseRemovesKnotes);
        const int Rounds = 2_000;
        var queue = CreateQueueWithUser(ident: 1, Add | Clear, userData: -1);
        var current = 0;
        var seen = 0;
        var isOver = false;
        var waiter = Start(() =>
        {
            var events = new KEvent[4];
            while (!Volatile.Read(ref isOver))
            {
                // What was added before the call is the oldest that the call may report.
                var oldest = Volatile.Read(ref current);
                foreach (var reported in events.AsSpan(0, queue.Kevent([], events)))
                {
                    if (reported.UserData > 0)
                    {
                        Assert.True(reported.UserData >= oldest, $"{reported.UserData} is older than {oldest}.");
                        Volatile.Write(ref seen, (int)reported.UserData);
                    }
                }
            }
        });

        for (var round = 1; round <= Rounds; round++)
        {
            using var pair = Sockets.UnixPair().WithNearAt(Sockets.ReservedNumber);
            queue.Apply(Changes.Read(pair.Near, Add | Clear, userData: round));
            Volatile.Write(ref current, round);
            pair.Peer.Send(1);
            if (round % 10 == 0)
            {
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref seen) == round, TimeSpan.FromSeconds(30)));
            }
        }

        Volatile.Write(ref isOver, true);
        queue.Apply(Changes.Trigger(1, userData: -1));
        waiter.Join();
    }

    // A round starts when the waiter has told of the one before, so it meets a waiter that waits or is about to.
    private void WakeRepeatedly(KernelQueue queue, Action<int> wake, Action<KEvent> onWoken)
    {
        const int Rounds = 200;
        using var ready = new SemaphoreSlim(0);
        var waiter = Start(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                ready.Release();
                onWoken(queue.WaitForEvent());
            }
        });

        for (var round = 0; round < Rounds; round++)
        {
            Assert.True(ready.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            wake(round);
        }

        waiter.Join();
    }
}
