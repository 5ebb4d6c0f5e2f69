using System.Runtime.InteropServices;
using Kqueue.Native;
using Microsoft.Win32.SafeHandles;

namespace Kqueue.Tests.Infrastructure;

/// <summary>
/// Which kernel the suites run against: the running system's, or that of the library which KQUEUE_LIBRARY,
/// KQUEUE_PREFIX and KQUEUE_LAYOUT name. Only tests read these variables.
/// </summary>
internal static class KernelUnderTest
{
    private static readonly SafeFileHandle s_nothing = File.OpenHandle("/dev/null");

    public static string? Library { get; } = Read("KQUEUE_LIBRARY");

    public static string Prefix { get; } = Read("KQUEUE_PREFIX") ?? "";

    public static string? Layout { get; } = Read("KQUEUE_LAYOUT");

    /// <summary>The kernel as <see cref="KernelGates"/> names it.</summary>
    public static string Name =>
        Library is not null ? Layout ?? "libkqueue"
        : OperatingSystem.IsMacOS() ? "darwin"
        : OperatingSystem.IsFreeBSD() ? "freebsd"
        : "epoll";

    /// <summary>Why there is no named library to test; null when there is one.</summary>
    public static string? NoLibrary => Library is null
        ? "KQUEUE_LIBRARY names no kqueue library (libkqueue, or a BSD kernel built as a library)."
        : null;

    /// <summary>The descriptors of the kernel under test, which need not be the process's.</summary>
    public static KernelSockets Sockets { get; } = Library is null
        ? KernelSockets.OfSystem()
        : KernelSockets.OfLibrary(NativeLibrary.Load(Library), Prefix, Layout ?? "libkqueue");

    public static KernelQueueOptions Options(bool fillData = true) => new()
    {
        Library = Library,
        SymbolPrefix = Prefix,
        Layout = Layout,
        FillData = fillData,
    };

    /// <summary>A queue of libkqueue itself; a test that asks is skipped where it is not installed.</summary>
    /// <remarks>
    /// Nobody else gets its number when it is closed. libkqueue 2.3 frees a closed queue on a thread of its own, by its
    /// number, and another queue may have that by then: beside busy cores two of 240 runs of the suite crashed.
    /// </remarks>
    public static unsafe KernelQueue InstalledLibkqueue()
    {
        const string Name = "libkqueue.so.0";
        Assert.SkipUnless(NativeLibrary.TryLoad(Name, out _), $"{Name} is not installed");
        var abi = KqueueAbi.Of("libkqueue");
        var calls = KqueueLibrary.Load(Name, prefix: "", abi);
        return new NativeKernelQueue(abi, new KqueueCalls
        {
            Kqueue = calls.Kqueue,
            Kqueue1 = calls.Kqueue1,
            Kevent = calls.Kevent,
            Close = (nint)(delegate* unmanaged<int, int>)&CloseAndKeepNumber,
        });
    }

    [UnmanagedCallersOnly]
    private static int CloseAndKeepNumber(int queue) =>
        KernelSockets.OfSystem().DuplicateTo((int)s_nothing.DangerousGetHandle(), queue) < 0 ? -1 : 0;

    private static string? Read(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
