using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>eventfd(2) and timerfd_create(2).</content>
internal static unsafe partial class Libc
{
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;
    public const int TFD_CLOEXEC = 0x80000;
    public const int TFD_NONBLOCK = 0x800;
    public const int TFD_TIMER_ABSTIME = 1;
    public const int CLOCK_REALTIME = 0;
    public const int CLOCK_MONOTONIC = 1;

    public static KernelResult EventDescriptorCreate() => Result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    public static KernelResult TimerDescriptorCreate(int clock) =>
        Result(timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK));

    public static Errno TimerDescriptorSet(int descriptor, bool isAbsolute, TimerSetting setting) =>
        Result(timerfd_settime(descriptor, isAbsolute ? TFD_TIMER_ABSTIME : 0, &setting, null)).Error;

    /// <summary>Reads the 64-bit counter of an eventfd or a timerfd, which resets it.</summary>
    public static Errno ReadCounter(int descriptor, out ulong counter)
    {
        fixed (ulong* target = &counter)
        {
            return Result((int)read(descriptor, target, sizeof(ulong))).Error;
        }
    }

    /// <summary>Adds to the 64-bit counter of an eventfd.</summary>
    public static Errno WriteCounter(int descriptor, ulong increment) =>
        Result((int)write(descriptor, &increment, sizeof(ulong))).Error;

    [LibraryImport(LibraryName)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport(LibraryName)]
    private static partial int timerfd_create(int clock, int flags);

    [LibraryImport(LibraryName)]
    private static partial int timerfd_settime(int descriptor, int flags, TimerSetting* setting, void* former);

    [LibraryImport(LibraryName)]
    private static partial nint read(int descriptor, void* buffer, nuint count);

    [LibraryImport(LibraryName)]
    private static partial nint write(int descriptor, void* buffer, nuint count);
}
