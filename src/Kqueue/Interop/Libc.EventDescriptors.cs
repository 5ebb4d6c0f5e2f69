using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>eventfd(2).</content>
internal static unsafe partial class Libc
{
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    public static KernelResult EventDescriptorCreate() => Result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    /// <summary>Adds to the 64-bit counter of an eventfd.</summary>
    public static Errno WriteCounter(int descriptor, ulong increment) =>
        Result((int)write(descriptor, &increment, sizeof(ulong))).Error;

    [LibraryImport(LibraryName)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport(LibraryName)]
    private static partial nint write(int descriptor, void* buffer, nuint count);
}
