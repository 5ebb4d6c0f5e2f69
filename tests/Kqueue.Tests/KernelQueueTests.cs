using Kqueue.Tests.Infrastructure;

namespace Kqueue.Tests;

/// <summary>Which backend <see cref="KernelQueue.Create"/> takes, and what it says when there is none.</summary>
public sealed class KernelQueueTests
{
    [Fact]
    public void Create_Defaults_TakeTheSystemsOwn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the expectation is Linux's");

        using var queue = KernelQueue.Create();

        Assert.Equal("epoll", queue.BackendName);
    }

    [Fact]
    public void IsSupported_HasAReasonWhereItIsFalse() =>
        Assert.Equal(KernelQueue.IsSupported, KernelQueue.UnsupportedReason is null);

    [Fact]
    public void Create_LayoutOrPrefixWithoutLibrary_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => KernelQueue.Create(new KernelQueueOptions { Layout = "darwin" }));
        Assert.Throws<ArgumentException>(() => KernelQueue.Create(new KernelQueueOptions { SymbolPrefix = "ff_" }));
    }

    [Fact]
    public void Create_NoSuchLibrary_NamesItAndSaysWhatToGive()
    {
        var error = Assert.Throws<DllNotFoundException>(
            () => KernelQueue.Create(new KernelQueueOptions { Library = "/no/such/libkqueue.so" }));

        Assert.Contains("/no/such/libkqueue.so", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KernelQueueOptions.Library), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_LibraryWithoutTheCalls_NamesThemAndThePrefix()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a BSD's C library has the calls");

        var error = Assert.Throws<EntryPointNotFoundException>(
            () => KernelQueue.Create(new KernelQueueOptions { Library = "libm.so.6", SymbolPrefix = "ff_" }));

        Assert.Contains("ff_kqueue", error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KernelQueueOptions.SymbolPrefix), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_UnknownLayout_ListsTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(
            () => KernelQueue.Create(new KernelQueueOptions { Library = "libm.so.6", Layout = "plan9" }));

        Assert.Contains("darwin, freebsd, netbsd, libkqueue", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_LibraryWithAPrefix_CallsItsFunctions()
    {
        using var library = await BuildStubKernelAsync();
        var options = new KernelQueueOptions { Library = library.Path, SymbolPrefix = "stub_", Layout = "freebsd" };

        using var queue = KernelQueue.Create(options);

        Assert.Equal("kqueue (freebsd)", queue.BackendName);
        var events = new KEvent[1];
        Assert.Equal(1, queue.Kevent([], events, timeoutNs: 0));
        Assert.Equal((nint)42, events[0].Ident);
    }

    [Fact]
    public async Task Create_LibraryWithAnotherLayout_IsFoundOutAtOnce()
    {
        using var library = await BuildStubKernelAsync();
        var options = new KernelQueueOptions { Library = library.Path, SymbolPrefix = "stub_", Layout = "darwin" };

        var error = Assert.Throws<KernelQueueException>(() => KernelQueue.Create(options));

        Assert.Contains("layout", error.Message, StringComparison.Ordinal);
    }

    private static Task<BuiltLibrary> BuildStubKernelAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library is built for Linux");
        Assert.SkipWhen(CCompiler.Missing is not null, CCompiler.Missing ?? "");
        return CCompiler.BuildLibraryAsync(StubKernel, TestContext.Current.CancellationToken);
    }

    // FreeBSD's struct in C: answers a bad descriptor as that kernel does, and otherwise reports descriptor 42.
    private const string StubKernel = """
        #include <stdint.h>
        #include <time.h>

        struct kevent {
            uintptr_t ident; short filter; unsigned short flags; unsigned int fflags;
            int64_t data; void *udata; uint64_t ext[4];
        };

        int stub_kqueue(void) { return 0; }
        int stub_close(int queue) { return queue; }

        int stub_kevent(int queue, const struct kevent *changes, int nchanges,
            struct kevent *events, int nevents, const struct timespec *timeout)
        {
            (void)queue; (void)timeout;
            if (nchanges == 1 && (intptr_t)changes[0].ident == -1) {
                events[0] = changes[0];
                events[0].flags = 0x4000;
                events[0].data = 9;
                return 1;
            }
            if (nchanges > 0 || nevents == 0)
                return 0;
            events[0] = (struct kevent){ .ident = 42, .filter = -1 };
            return 1;
        }
        """;
}
