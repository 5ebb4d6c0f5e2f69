using System.Globalization;
using System.Runtime.InteropServices;

namespace Kqueue.Interop;

/// <content>
/// What a thread has used: clock_gettime(2), pthread_getcpuclockid(3), getrusage(2), and Linux's schedstat.
/// </content>
internal static unsafe partial class Libc
{
    private const int O_RDONLY_CLOEXEC = 0x80000;

    // CLOCK_THREAD_CPUTIME_ID: linux/time.h, Darwin time.h, FreeBSD sys/_clock_id.h, NetBSD sys/time.h.
    private static readonly int s_ownClock = OperatingSystem.IsLinux() ? 3
        : OperatingSystem.IsMacOS() ? 16
        : OperatingSystem.IsFreeBSD() ? 14
        : 0x20000000;

    /// <summary>For how long the calling thread has run, in nanoseconds.</summary>
    public static long ThreadCpuNs() => ClockNs(s_ownClock);

    /// <summary>
    /// For how long the calling thread has waited for a core, in nanoseconds; negative where the system does not tell.
    /// </summary>
    public static long ThreadQueuedNs()
    {
        if (!OperatingSystem.IsLinux())
        {
            return -1;
        }

        // "<run> <waited> <slices>", in nanoseconds: Linux fs/proc/base.c, proc_pid_schedstat.
        Span<byte> text = stackalloc byte[64];
        var file = open("/proc/thread-self/schedstat"u8, O_RDONLY_CLOEXEC);
        if (file < 0)
        {
            return -1;
        }

        int length;
        fixed (byte* start = text)
        {
            length = (int)read(file, start, (nuint)text.Length);
        }

        _ = close(file);
        var waited = text[..Math.Max(length, 0)];
        var begin = waited.IndexOf((byte)' ') + 1;
        var end = waited.LastIndexOf((byte)' ');
        return begin > 0 && end > begin &&
            long.TryParse(waited[begin..end], NumberStyles.None, CultureInfo.InvariantCulture, out var ns)
            ? ns
            : -1;
    }

    /// <summary>How often the calling thread has gone to sleep; negative where the system does not tell.</summary>
    public static long ThreadSleeps()
    {
        // RUSAGE_THREAD is 1 on Linux and FreeBSD, and nothing on macOS. struct rusage: two timevals of 16 bytes and 14
        // longs, of which ru_nvcsw is the last but one (Linux uapi/linux/resource.h, FreeBSD sys/resource.h).
        const int RusageThread = 1;
        const int Longs = 18;
        const int Nvcsw = 16;
        if (OperatingSystem.IsMacOS())
        {
            return -1;
        }

        var usage = stackalloc long[Longs];
        return getrusage(RusageThread, usage) == 0 ? usage[Nvcsw] : -1;
    }

    /// <summary>
    /// A clock of what the calling thread runs that other threads can read; null where the system has none.
    /// </summary>
    public static int? FindThreadClock()
    {
        try
        {
            return !OperatingSystem.IsMacOS() && pthread_getcpuclockid(pthread_self(), out var clock) == 0
                ? clock
                : null;
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.34 has it in another library.
            return null;
        }
    }

    /// <summary>What a clock shows, in nanoseconds; negative where its thread has ended.</summary>
    public static long ClockNs(int clock)
    {
        TimeSpec time;
        return clock_gettime(clock, &time) == 0
            ? (time.Seconds * TimeSpec.NanosecondsPerSecond) + time.Nanoseconds
            : -1;
    }

    private static int open(ReadOnlySpan<byte> path, int flags)
    {
        fixed (byte* start = path)
        {
            return open(start, flags);
        }
    }

    [LibraryImport(LibraryName)]
    private static partial int open(byte* path, int flags);

    [LibraryImport(LibraryName)]
    private static partial int clock_gettime(int clock, TimeSpec* time);

    [LibraryImport(LibraryName)]
    private static partial int getrusage(int who, long* usage);

    [LibraryImport(LibraryName)]
    private static partial nint pthread_self();

    [LibraryImport(LibraryName)]
    private static partial int pthread_getcpuclockid(nint thread, out int clock);
}
