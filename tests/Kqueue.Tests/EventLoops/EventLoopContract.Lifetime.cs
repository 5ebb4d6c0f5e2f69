using Kqueue.EventLoops;
using Kqueue.Interop;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.EventLoops;

public abstract partial class EventLoopContract
{
    [Fact]
    public void Run_UntilStop_DrivesOnTheCallingThread()
    {
        var loop = CreateLoop();
        Thread? where = null;
        loop.Post(new WorkAction(() =>
        {
            where = Thread.CurrentThread;
            loop.Stop();
        }));

        loop.Run();

        Assert.Same(Thread.CurrentThread, where);
        Assert.Null(EventLoop.Current);
    }

    [Fact]
    public void Run_InsideAnotherLoop_LeavesTheOtherCurrent()
    {
        var outer = StartLoop();
        var inner = CreateLoop();
        inner.Post(new WorkAction(inner.Stop));

        RunOn(outer, () =>
        {
            inner.Run();
            Assert.Same(outer, EventLoop.Current);
        });
    }

    [Fact]
    public void StartOrRun_SecondTime_Throws()
    {
        var loop = StartLoop();

        Assert.Throws<InvalidOperationException>(loop.Start);
        Assert.Throws<InvalidOperationException>(loop.Run);
        loop.Dispose();
        Assert.Throws<InvalidOperationException>(loop.Start);
    }

    [Fact]
    public void Stop_BeforeStart_IsWithoutEffect()
    {
        var loop = CreateLoop();
        loop.Stop();

        loop.Start();

        RunOn(loop, () => Assert.Same(loop, EventLoop.Current));
    }

    [Fact]
    public void Stop_WhileTheLoopWaits_EndsIt()
    {
        var loop = CreateLoop();
        var runner = StartThread(loop.Run);
        RunOn(loop, () => { });
        WaitUntilInWait(loop);

        loop.Stop();
        loop.Stop();

        runner.Join();
    }

    [Fact]
    public void Dispose_Unstarted_GivesTheQueueBack()
    {
        var loop = CreateCountedLoop(out var queue);

        loop.Dispose();
        loop.Dispose();

        Assert.True(queue.IsDisposed);
        Assert.Throws<InvalidOperationException>(loop.Start);
    }

    [Fact]
    public void Dispose_Running_WaitsForTheEnd()
    {
        var loop = CreateCountedLoop(out var queue);
        loop.Start();

        loop.Dispose();
        Assert.True(queue.IsDisposed);

        loop.Dispose();
    }

    [Fact]
    public void Dispose_FromManyThreads_AllReturn()
    {
        var loop = StartLoop();
        var threads = Enumerable.Range(0, 4).Select(_ => StartThread(loop.Dispose)).ToArray();

        Array.ForEach(threads, thread => thread.Join());
    }

    [Fact]
    public void Dispose_OnTheLoop_ReturnsAtOnceAndTheLoopEnds()
    {
        var loop = CreateCountedLoop(out var queue);
        loop.Start();

        RunOn(loop, () =>
        {
            loop.Dispose();
            Assert.False(queue.IsDisposed);
        });

        Until.Holds(() => queue.IsDisposed, "The loop did not give its queue back.");
    }

    [Fact]
    public void Dispose_FromAHandler_EndsTheLoop()
    {
        var loop = CreateCountedLoop(out var queue);
        var pair = ConnectPair();
        loop.Register(pair.Near.Ident, new HandlerAction(_ => loop.Dispose())).Arm(KEventFilter.Read, Clear);
        loop.Start();

        pair.Peer.Send(1);

        Until.Holds(() => queue.IsDisposed, "The loop did not give its queue back.");
    }

    [Fact]
    public void UnhandledException_HandlerTimerAndWorkThrow_IsToldAndTheLoopGoesOn()
    {
        var options = Options();
        var messages = new List<string>();
        options.UnhandledException = exception => messages.Add(exception.Message);
        var loop = CreateLoop(options);
        var pair = ConnectPair();
        using var read = new ManualResetEventSlim();
        loop.Register(pair.Near.Ident, new HandlerAction(_ =>
        {
            read.Set();
            throw new InvalidOperationException("handler");
        })).Arm(KEventFilter.Read, Clear);
        pair.Peer.Send(1);
        loop.Schedule(TimeSpan.Zero, _ => throw new InvalidOperationException("timer"), null);
        loop.Post(new WorkAction(() => throw new InvalidOperationException("work")));

        loop.Start();

        Until.IsSet(read, "No event arrived.");
        RunOn(loop, () => Assert.Equal(["handler", "timer", "work"], messages.Order()));
    }

    [Fact]
    public void UnhandledException_WhoIsToldHasNoMemory_TheLoopGoesOn()
    {
        var options = Options();
        options.UnhandledException = _ => throw new InsufficientMemoryException();
        var loop = CreateLoop(options);
        loop.Post(new WorkAction(() => throw new InvalidOperationException("work")));

        loop.Start();

        RunOn(loop, () => { });
        Assert.False(loop.Completion.IsCompleted);
    }

    [Fact]
    public void Run_WorkThrowsAndNobodyIsTold_ThrowsAndEndsTheLoop()
    {
        var loop = CreateCountedLoop(out var queue);
        using var done = new ManualResetEventSlim();
        loop.Post(new WorkAction(() => throw new InvalidOperationException("work")));
        loop.Post(new WorkAction(done.Set));

        Assert.Equal("work", Assert.Throws<InvalidOperationException>(loop.Run).Message);

        Assert.Null(EventLoop.Current);
        Assert.True(queue.IsDisposed);
        Until.IsSet(done, "The work behind was lost.");
        StartThread(loop.Dispose).Join();
    }

    [Fact]
    public void Run_KernelQueueFails_ThrowsAndEndsTheLoop()
    {
        var loop = CreateCountedLoop(out var queue);
        queue.WaitResult = KernelResult.Failure(Errno.EBADF);

        Assert.Throws<KernelQueueException>(loop.Run);

        StartThread(loop.Dispose).Join();
        Assert.True(queue.IsDisposed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32_768)]
    public void Create_EventCapacityOutOfRange_Throws(int capacity)
    {
        var options = Options();
        options.EventCapacity = capacity;

        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoop(options));
    }
}
