using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>The wait, to the nanosecond where the kernel can.</summary>
internal static class EpollWait
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    /// <summary>
    /// Whether the kernel has epoll_pwait2(2): before 5.11 it answers ENOSYS, and some container filters answer EPERM.
    /// Asked once, with a descriptor that is none.
    /// </summary>
    public static bool IsPreciseAvailable { get; } = Probe();

    public static KernelResult Wait(int epoll, in EpollEventList events, long timeoutNs, bool isPrecise) =>
        timeoutNs > 0 && isPrecise
            ? Libc.EpollWaitPrecise(epoll, events, timeoutNs)
            : Libc.EpollWait(epoll, events, ToMilliseconds(timeoutNs));

    /// <summary>Rounds up: a wait that ends before its time makes the caller spin.</summary>
    public static int ToMilliseconds(long timeoutNs) => timeoutNs <= 0
        ? (int)timeoutNs
        : (int)Math.Min(((timeoutNs - 1) / NanosecondsPerMillisecond) + 1, int.MaxValue);

    private static unsafe bool Probe()
    {
        var entry = stackalloc byte[EpollEventList.EntryBytesMax];
        return Libc.EpollWaitPrecise(-1, new EpollEventList(entry, 1), timeoutNs: 0).Error == Errno.EBADF;
    }
}
