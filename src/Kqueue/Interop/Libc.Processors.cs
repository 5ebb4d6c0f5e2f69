using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>sched_setaffinity(2), Linux's.</content>
internal static unsafe partial class Libc
{
    /// <summary>Moves the calling thread to the processors whose bits are set.</summary>
    public static Errno SetProcessors(ReadOnlySpan<byte> mask)
    {
        fixed (byte* start = mask)
        {
            return Result(sched_setaffinity(0, (nuint)mask.Length, start)).Error;
        }
    }

    /// <summary>The processors that the calling thread may run on, as bits.</summary>
    public static Errno GetProcessors(Span<byte> mask)
    {
        fixed (byte* start = mask)
        {
            return Result(sched_getaffinity(0, (nuint)mask.Length, start)).Error;
        }
    }

    [LibraryImport(LibraryName)]
    private static partial int sched_setaffinity(int thread, nuint length, byte* mask);

    [LibraryImport(LibraryName)]
    private static partial int sched_getaffinity(int thread, nuint length, byte* mask);
}
