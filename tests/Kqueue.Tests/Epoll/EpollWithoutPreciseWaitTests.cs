using Kqueue.Epoll;
using Kqueue.Tests.Contract;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Epoll;

/// <summary>The contract on a Linux kernel without epoll_pwait2(2).</summary>
public sealed class EpollWithoutPreciseWaitTests : KernelQueueContract
{
    private protected override string Kernel => "epoll";

    private protected override KernelSockets KernelsSockets { get; } = KernelSockets.OfSystem();

    private protected override KernelQueue MakeQueue(bool fillData)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        return new EpollKernelQueue(fillData, isPrecise: false);
    }
}
