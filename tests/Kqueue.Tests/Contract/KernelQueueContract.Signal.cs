using System.Runtime.InteropServices;
using Kqueue.Tests.Infrastructure;
using static Kqueue.KEventFlags;

namespace Kqueue.Tests.Contract;

public abstract partial class KernelQueueContract
{
    // The same number on every system, and nobody minds it. A run of the suite on another kernel may send it too.
    private const int SIGWINCH = 28;

    [Fact]
    public void Signal_Comes_IsCountedAndCleared()
    {
        RequiresThisSystem(KernelTrait.SignalFilter);
        var queue = CreateQueue();
        queue.Apply(new KEvent(SIGWINCH, KEventFilter.Signal, Add, userData: 4));

        for (var round = 0; round < 20; round++)
        {
            Assert.Equal(0, kill(Environment.ProcessId, SIGWINCH));

            var reported = queue.WaitForEvent();
            Assert.Equal((SIGWINCH, KEventFilter.Signal), (reported.Ident, reported.Filter));
            Assert.Equal(4, reported.UserData);
            Assert.True(reported.Data >= 1);
        }
    }

    [Fact]
    public void Signal_HandlerBesideIt_BothHear()
    {
        RequiresThisSystem(KernelTrait.SignalFilter);
        var queue = CreateQueue();
        using var handled = new SemaphoreSlim(0);
        using var handler = PosixSignalRegistration.Create((PosixSignal)SIGWINCH, _ => handled.Release());
        queue.Apply(new KEvent(SIGWINCH, KEventFilter.Signal, Add));

        Assert.Equal(0, kill(Environment.ProcessId, SIGWINCH));

        Assert.Equal(KEventFilter.Signal, queue.WaitForEvent().Filter);
        Assert.True(handled.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Signal_Deleted_IsNoKnoteAnyMore()
    {
        RequiresThisSystem(KernelTrait.SignalFilter);
        var queue = CreateQueue();
        queue.Apply(new KEvent(SIGWINCH, KEventFilter.Signal, Add));

        queue.Apply(new KEvent(SIGWINCH, KEventFilter.Signal, Delete));

        Assert.Equal(Errno.ENOENT, queue.ApplyForResult(new KEvent(SIGWINCH, KEventFilter.Signal, Delete)).ChangeError);
        Assert.Equal(Errno.EINVAL, queue.ApplyForResult(new KEvent(4711, KEventFilter.Signal, Add)).ChangeError);
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
