using Kqueue.Native;
using Kqueue.Tests.Infrastructure;
using Kqueue.Tests.Native;

namespace Kqueue.Tests.EventLoops;

/// <summary>
/// Loops over what serves the running system, or over the library that KQUEUE_LIBRARY names.
/// </summary>
public sealed class SystemEventLoopTests : EventLoopContract
{
    private protected override KernelSockets KernelsSockets => KernelUnderTest.Sockets;

    private protected override KernelQueue MakeQueue() => KernelQueue.Create(KernelUnderTest.Options(fillData: false));
}

/// <summary>
/// Loops over libkqueue, where it is installed: a kqueue with <c>struct kevent</c> as a C compiler has laid it out.
/// </summary>
public sealed class InstalledLibkqueueEventLoopTests : EventLoopContract
{
    private protected override KernelSockets KernelsSockets { get; } = KernelSockets.OfSystem();

    private protected override Errno NoDescriptor => Errno.EFAULT;

    private protected override KernelQueue MakeQueue() => KernelUnderTest.InstalledLibkqueue();
}

/// <summary>Loops over the native path, with a played kernel behind its function pointers.</summary>
public abstract class PlayedEventLoopTests(string layout) : EventLoopContract
{
    private protected override KernelSockets KernelsSockets { get; } = KernelSockets.OfSystem();

    private protected override string WhyTheKernelAllocates => "the played kernel's own lists are counted too";

    private protected override KernelQueue MakeQueue()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel is played with epoll");
        return new NativeKernelQueue(KqueueAbi.Of(layout), PlayedKernel.CallsOf(layout));
    }
}

public sealed class DarwinEventLoopTests() : PlayedEventLoopTests("darwin");

public sealed class FreeBsdEventLoopTests() : PlayedEventLoopTests("freebsd");

public sealed class NetBsdEventLoopTests() : PlayedEventLoopTests("netbsd");

public sealed class LibkqueueEventLoopTests() : PlayedEventLoopTests("libkqueue");
