using System.Runtime.InteropServices;

namespace Kqueue.Tests.Infrastructure;

/// <summary>
/// Which kernel the suites run against: the running system's, or that of the library which KQUEUE_LIBRARY,
/// KQUEUE_PREFIX and KQUEUE_LAYOUT name. Only tests read these variables.
/// </summary>
internal static class KernelUnderTest
{
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

    /// <summary>libkqueue itself; a test that asks is skipped where it is not installed.</summary>
    public static KernelQueueOptions InstalledLibkqueue()
    {
        const string Name = "libkqueue.so.0";
        Assert.SkipUnless(NativeLibrary.TryLoad(Name, out _), $"{Name} is not installed");
        return new KernelQueueOptions { Library = Name, Layout = "libkqueue" };
    }

    private static string? Read(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
