using Kqueue.Native;
using Kqueue.Tests.Contract;
using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Native;

/// <summary>The contract through the native path, with a played kernel behind its function pointers.</summary>
public abstract class NativeKernelQueueTests(string layout) : KernelQueueContract
{
    // The work is done by the epoll backend, whose gates therefore hold.
    private protected override string Kernel => layout == "libkqueue" ? "libkqueue, played" : "epoll";

    private protected override KernelSockets KernelsSockets { get; } = KernelSockets.OfSystem();

    private protected override KernelQueue MakeQueue(bool fillData)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel is played with epoll");
        return new NativeKernelQueue(KqueueAbi.Of(layout), PlayedKernel.CallsOf(layout));
    }
}

public sealed class DarwinKernelQueueTests() : NativeKernelQueueTests("darwin");

public sealed class FreeBsdKernelQueueTests() : NativeKernelQueueTests("freebsd");

public sealed class NetBsdKernelQueueTests() : NativeKernelQueueTests("netbsd");

public sealed class LibkqueueKernelQueueTests() : NativeKernelQueueTests("libkqueue");
