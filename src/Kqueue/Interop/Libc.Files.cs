using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>inotify(7) and fstat(2). The numbers are Linux's.</content>
internal static unsafe partial class Libc
{
    public const uint IN_MODIFY = 0x002;
    public const uint IN_ATTRIB = 0x004;
    public const uint IN_MOVED_FROM = 0x040;
    public const uint IN_MOVED_TO = 0x080;
    public const uint IN_CREATE = 0x100;
    public const uint IN_DELETE = 0x200;
    public const uint IN_MOVE_SELF = 0x800;
    public const uint IN_Q_OVERFLOW = 0x4000;
    public const int IN_NONBLOCK = 0x800;
    public const int IN_CLOEXEC = 0x80000;

    private const uint Watched =
        IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

    // struct stat, asm-generic/stat.h and x86/asm/stat.h: the size has one place, the number of names has not.
    private const int StatBytesMax = 256;
    private const int SizeOffset = 48;

    public static KernelResult InotifyCreate() => Result(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));

    /// <summary>Watches the file behind a descriptor; ENOENT for a closed one.</summary>
    public static KernelResult InotifyAdd(int inotify, int descriptor) =>
        Result(inotify_add_watch(inotify, $"/proc/self/fd/{descriptor}", Watched));

    public static Errno InotifyRemove(int inotify, int watch) => Result(inotify_rm_watch(inotify, watch)).Error;

    public static KernelResult Read(int descriptor, Span<byte> buffer)
    {
        fixed (byte* target = buffer)
        {
            return Result((int)read(descriptor, target, (nuint)buffer.Length));
        }
    }

    /// <summary>The length of a descriptor's file and how many names it has; zeros for what is no file.</summary>
    public static (long Length, long Links) FileStatus(int descriptor)
    {
        var isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        var status = stackalloc byte[StatBytesMax];
        var error = Result((int)syscall(isX64 ? 5 : 80, descriptor, (nint)status, 0, 0, 0, 0)).Error;
        return error != Errno.None ? default : (
            Unsafe.ReadUnaligned<long>(status + SizeOffset),
            isX64 ? Unsafe.ReadUnaligned<long>(status + 16) : Unsafe.ReadUnaligned<int>(status + 20));
    }

    [LibraryImport(LibraryName)]
    private static partial int inotify_init1(int flags);

    [LibraryImport(LibraryName, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inotify_add_watch(int inotify, string path, uint mask);

    [LibraryImport(LibraryName)]
    private static partial int inotify_rm_watch(int inotify, int watch);

    [LibraryImport(LibraryName)]
    private static partial nint read(int descriptor, void* buffer, nuint count);
}
