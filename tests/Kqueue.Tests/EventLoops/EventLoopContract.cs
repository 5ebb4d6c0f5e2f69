using Kqueue.EventLoops;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.EventLoops;

/// <summary>What an event loop does, whatever serves its kernel queue.</summary>
public abstract partial class EventLoopContract : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    private protected KernelSockets Sockets
    {
        get
        {
            Assert.SkipWhen(KernelsSockets.Missing is not null, KernelsSockets.Missing ?? "");
            return KernelsSockets;
        }
    }

    private protected abstract KernelSockets KernelsSockets { get; }

    /// <summary>Why no test can count what the loop allocates; null when one can.</summary>
    private protected virtual string? WhyTheKernelAllocates => null;

    /// <summary>What the kernel says of a number that is no descriptor's.</summary>
    private protected virtual Errno NoDescriptor => Errno.EBADF;

    public void Dispose()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private protected abstract KernelQueue MakeQueue();

    private protected T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private protected SocketPair ConnectPair() => Own(Sockets.ConnectPair());

    private protected EventLoopOptions Options() => new() { CreateQueue = _ => MakeQueue() };

    private protected EventLoop CreateLoop(EventLoopOptions? options = null) =>
        Own(new EventLoop(options ?? Options()));

    private protected EventLoop StartLoop(EventLoopOptions? options = null)
    {
        var loop = CreateLoop(options);
        loop.Start();
        return loop;
    }

    /// <summary>A loop whose kernel calls are counted.</summary>
    private protected EventLoop CreateCountedLoop(out CountingKernelQueue queue, EventLoopOptions? options = null)
    {
        var counting = new CountingKernelQueue(MakeQueue());
        options ??= Options();
        options.CreateQueue = _ => counting;
        queue = counting;
        return CreateLoop(options);
    }

    /// <summary>Runs on a thread of its own, whose failure fails the test.</summary>
    private protected OtherThread StartThread(Action action) => Own(new OtherThread(action));

    /// <summary>Runs on the loop and waits for the end: whatever was posted or readable before is done then.</summary>
    private protected static void RunOn(EventLoop loop, Action action)
    {
        using var done = new ManualResetEventSlim();
        Exception? failure = null;
        loop.Post(new WorkAction(() =>
        {
            failure = Record.Exception(action);
            done.Set();
        }));
        Until.IsSet(done, "The loop did not run what was posted.");
        Assert.Null(failure);
    }

    private protected static void WaitUntilInWait(EventLoop loop) =>
        Until.Holds(() => loop.Word.IsInWait, "The loop does not get to its wait.");
}
