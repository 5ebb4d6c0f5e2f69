using Kqueue.Epoll;
using Kqueue.Tests.Contract;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Epoll;

public sealed class EpollKernelQueueTests : KernelQueueContract
{
    private protected override string Kernel => "epoll";

    private protected override KernelSockets Sockets { get; } = KernelSockets.OfSystem();

    private protected override KernelQueue MakeQueue(bool fillData)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "epoll is Linux's");
        return new EpollKernelQueue(fillData);
    }
}
