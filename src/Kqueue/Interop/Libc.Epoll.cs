using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>epoll(7).</content>
internal static unsafe partial class Libc
{
    public const uint EPOLLIN = 0x001;
    public const uint EPOLLPRI = 0x002;
    public const uint EPOLLOUT = 0x004;
    public const uint EPOLLERR = 0x008;
    public const uint EPOLLHUP = 0x010;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 1u << 31;

    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;

    public const int EPOLL_CLOEXEC = 0x80000;

    // The same number on x64 and arm64: calls since Linux 5.1 have one number everywhere.
    public const int SYS_epoll_pwait2 = 441;

    public static KernelResult EpollCreate() => Result(epoll_create1(EPOLL_CLOEXEC));

    public static Errno EpollControl(int epoll, int operation, int descriptor, uint events, ulong data)
    {
        var entry = stackalloc byte[EpollEventList.EntryBytesMax];
        EpollEventList.Write(entry, events, data);
        return Result(epoll_ctl(epoll, operation, descriptor, entry)).Error;
    }

    public static KernelResult EpollWait(int epoll, in EpollEventList events, int timeoutMs) =>
        Result(epoll_wait(epoll, events.Pointer, events.Capacity, timeoutMs));

    /// <summary>The wait with a timeout to the nanosecond, since Linux 5.11.</summary>
    public static KernelResult EpollWaitPrecise(int epoll, in EpollEventList events, long timeoutNs)
    {
        var timeout = TimeSpec.FromNanoseconds(timeoutNs);

        // By number, because musl has no function of this name. The C function is variadic, but on Linux x64 and
        // arm64 variadic integers travel in the same registers as fixed ones (System V and AAPCS64).
        return Result((int)syscall(
            SYS_epoll_pwait2, epoll, (nint)events.Pointer, events.Capacity, (nint)(&timeout), 0, 0));
    }

    [LibraryImport(LibraryName)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(LibraryName)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, void* entry);

    [LibraryImport(LibraryName)]
    private static partial int epoll_wait(int epoll, void* events, int capacity, int timeoutMs);

    [LibraryImport(LibraryName)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
