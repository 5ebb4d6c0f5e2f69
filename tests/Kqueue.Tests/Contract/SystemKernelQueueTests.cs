using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests.Contract;

/// <summary>
/// The contract over <see cref="KernelQueue.Create"/>: what serves the running system (epoll on Linux, else its
/// kqueue), or the library that KQUEUE_LIBRARY names.
/// </summary>
public sealed class SystemKernelQueueTests : KernelQueueContract
{
    private protected override string Kernel => KernelUnderTest.Name;

    private protected override KernelQueue MakeQueue(bool fillData) =>
        KernelQueue.Create(KernelUnderTest.Options(fillData));

    [Fact]
    public void Create_LibraryNamed_TheSuiteRunsOnIt()
    {
        Assert.SkipWhen(KernelUnderTest.NoLibrary is not null, KernelUnderTest.NoLibrary ?? "");

        Assert.Equal($"kqueue ({Kernel})", CreateQueue().BackendName);
    }
}

/// <summary>
/// The contract over libkqueue itself, where it is installed: <c>struct kevent</c> as a C compiler has laid it out.
/// </summary>
public sealed class InstalledLibkqueueKernelQueueTests : KernelQueueContract
{
    private protected override string Kernel => "libkqueue";

    private protected override KernelSockets KernelsSockets { get; } = KernelSockets.OfSystem();

    private protected override KernelQueue MakeQueue(bool fillData) => KernelUnderTest.InstalledLibkqueue();
}
