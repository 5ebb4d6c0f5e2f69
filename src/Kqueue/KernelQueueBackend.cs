using System.Runtime.InteropServices;
using Kqueue.Epoll;
using Kqueue.Native;

namespace Kqueue;

/// <summary>Chooses what serves the contract: the one place that asks for the platform.</summary>
internal static class KernelQueueBackend
{
    /// <summary>Why this platform has no queue, or null when it has one.</summary>
    public static string? UnsupportedReason { get; } = FindUnsupportedReason();

    private static KqueueAbi? SystemAbi =>
        OperatingSystem.IsMacOS() ? KqueueAbi.Darwin
        : OperatingSystem.IsFreeBSD() ? KqueueAbi.FreeBsd
        : null;

    public static KernelQueue Create(KernelQueueOptions options)
    {
        if (UnsupportedReason is not null)
        {
            throw new PlatformNotSupportedException(
                $"{UnsupportedReason} Ask {nameof(KernelQueue)}.{nameof(KernelQueue.IsSupported)} first.");
        }

        if (options.Library is { } library)
        {
            var abi = AbiFor(options);
            return new NativeKernelQueue(abi, KqueueLibrary.Load(library, options.SymbolPrefix, abi));
        }

        if (options.Layout is not null || options.SymbolPrefix.Length > 0)
        {
            throw new ArgumentException(
                $"{nameof(options.Layout)} and {nameof(options.SymbolPrefix)} describe a library: give " +
                $"{nameof(options.Library)} too, or neither.",
                nameof(options));
        }

        return SystemAbi is { } systemAbi
            ? new NativeKernelQueue(systemAbi, KqueueLibrary.LoadSystem(systemAbi))
            : new EpollKernelQueue(options.FillData, EpollWait.IsPreciseAvailable);
    }

    private static KqueueAbi AbiFor(KernelQueueOptions options) =>
        options.Layout is { } layout ? KqueueAbi.Of(layout) : SystemAbi ?? KqueueAbi.Libkqueue;

    private static string? FindUnsupportedReason()
    {
        if (!Environment.Is64BitProcess || !BitConverter.IsLittleEndian)
        {
            return "Kqueue knows the layouts of 64-bit little-endian systems only; run a 64-bit process.";
        }

        if (SystemAbi is not null || OperatingSystem.IsLinux())
        {
            return null;
        }

        return $"{RuntimeInformation.OSDescription} has no kernel event queue that Kqueue knows: it runs on macOS, " +
            "FreeBSD and Linux.";
    }
}
