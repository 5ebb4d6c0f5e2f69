using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Contract;

/// <summary>
/// What a kernel event queue does, whatever serves it. What was measured on the kernels of FreeBSD 13 and NetBSD 7.99
/// has a test each; where kernels differ, <see cref="KernelGates"/> says so.
/// </summary>
public abstract partial class KernelQueueContract : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Whose behaviour is tested: a column of <see cref="KernelGates"/>.</summary>
    private protected abstract string Kernel { get; }

    /// <summary>The sockets of the kernel; a test that asks is skipped where the kernel has none.</summary>
    private protected KernelSockets Sockets
    {
        get
        {
            Assert.SkipWhen(KernelsSockets.Missing is not null, KernelsSockets.Missing ?? "");
            return KernelsSockets;
        }
    }

    private protected virtual KernelSockets KernelsSockets => KernelUnderTest.Sockets;

    public void Dispose()
    {
        for (var i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private protected abstract KernelQueue MakeQueue(bool fillData);

    private protected KernelQueue CreateQueue(bool fillData = true) => Own(MakeQueue(fillData));

    private protected T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private protected SocketPair ConnectPair() => Own(Sockets.ConnectPair());

    private protected void Requires(KernelTrait trait)
    {
        var reason = KernelGates.WhyLacking(Kernel, trait);
        Assert.SkipWhen(reason is not null, $"{Kernel}: {reason}");
    }

    /// <summary>Requires a trait of a kernel that has this system's files, processes and signals.</summary>
    private protected void RequiresThisSystem(KernelTrait trait)
    {
        Requires(trait);
        Assert.SkipUnless(KernelsSockets.IsThisSystem, "a kernel built as a library has none of this system's");
    }

    /// <summary>Runs on a thread of its own, whose failure fails the test.</summary>
    private protected OtherThread Start(Action action) => Own(new OtherThread(action));
}
