using Kqueue.Epoll;

namespace Kqueue;

/// <summary>Chooses what serves the contract: the one place that asks for the platform.</summary>
internal static class KernelQueueBackend
{
    /// <summary>Why this platform has no queue, or null when it has one.</summary>
    public static string? UnsupportedReason { get; } = OperatingSystem.IsLinux() ? null : "not supported";

    public static KernelQueue Create(KernelQueueOptions options)
    {
        if (UnsupportedReason is not null)
        {
            throw new PlatformNotSupportedException(UnsupportedReason);
        }

        return new EpollKernelQueue(options.FillData);
    }
}
