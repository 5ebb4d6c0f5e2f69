using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Kqueue.Epoll;
using Kqueue.Interop;
using Kqueue.Native;
using Kqueue.Tests.Abi;

namespace Kqueue.Tests.Native;

/// <summary>
/// C# behind the function pointers that plays a system's kernel: it speaks the system's struct and numbers, and does
/// the work with the epoll backend. So the whole contract runs through the native path's marshalling, both ways.
/// </summary>
internal static unsafe class PlayedKernel
{
    private static readonly Kernel s_darwin = new("darwin");
    private static readonly Kernel s_freeBsd = new("freebsd");
    private static readonly Kernel s_netBsd = new("netbsd");
    private static readonly Kernel s_libkqueue = new("libkqueue");
    private static readonly Kernel s_deaf = new("libkqueue", new PlayedKnotes());
    private static readonly Kernel s_oneFilter = new("libkqueue", new PlayedKnotes { TakesOneFilter = true });

    private static readonly ConcurrentDictionary<int, KernelQueue> s_queues = new();
    private static int s_lastQueue = -1;

    /// <summary>libkqueue with all that it does: knotes outlive their descriptors.</summary>
    public const string DeafLibkqueue = "libkqueue, deaf";

    /// <summary>libkqueue 2.3, which Debian has.</summary>
    public const string OneFilterLibkqueue = "libkqueue, one filter";

    /// <summary>
    /// The calls of a system's kernel. Its descriptors start at 0, like those of any kernel of its own.
    /// </summary>
    /// <param name="layout">The system, or one of the names above: a libkqueue with its faults.</param>
    public static KqueueCalls CallsOf(string layout) => new()
    {
        Kqueue = (nint)(delegate* unmanaged<int>)&Kqueue,
        Kevent = layout switch
        {
            DeafLibkqueue => (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&KeventDeaf,
            OneFilterLibkqueue =>
                (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&KeventOneFilter,
            "darwin" => (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&KeventDarwin,
            "freebsd" => (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&KeventFreeBsd,
            "netbsd" => (nint)(delegate* unmanaged<int, byte*, nuint, byte*, nuint, TimeSpec*, int>)&KeventNetBsd,
            _ => (nint)(delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)&KeventLibkqueue,
        },
        Close = (nint)(delegate* unmanaged<int, int>)&Close,
    };

    [UnmanagedCallersOnly]
    private static int Kqueue()
    {
        var number = Interlocked.Increment(ref s_lastQueue);
        s_queues[number] = new EpollKernelQueue(fillData: true, EpollWait.IsPreciseAvailable);
        return number;
    }

    [UnmanagedCallersOnly]
    private static int Close(int queue)
    {
        s_queues.Remove(queue, out var removed);
        removed?.Dispose();
        return 0;
    }

    [UnmanagedCallersOnly]
    private static int KeventDarwin(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        s_darwin.Kevent(queue, changes, changeCount, events, eventCount, timeout);

    [UnmanagedCallersOnly]
    private static int KeventFreeBsd(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        s_freeBsd.Kevent(queue, changes, changeCount, events, eventCount, timeout);

    // size_t, as NetBSD's sys/event.h has it.
    [UnmanagedCallersOnly]
    private static int KeventNetBsd(
        int queue, byte* changes, nuint changeCount, byte* events, nuint eventCount, TimeSpec* timeout) =>
        s_netBsd.Kevent(queue, changes, (int)changeCount, events, (int)eventCount, timeout);

    [UnmanagedCallersOnly]
    private static int KeventLibkqueue(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        s_libkqueue.Kevent(queue, changes, changeCount, events, eventCount, timeout);

    [UnmanagedCallersOnly]
    private static int KeventDeaf(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        s_deaf.Kevent(queue, changes, changeCount, events, eventCount, timeout);

    [UnmanagedCallersOnly]
    private static int KeventOneFilter(
        int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout) =>
        s_oneFilter.Kevent(queue, changes, changeCount, events, eventCount, timeout);

    private sealed class Kernel(string layout, PlayedKnotes? knotes = null)
    {
        private readonly PlayedLayout _layout = new(SystemAbi.OfLayout(layout));
        private readonly PlayedTranslation _translation = new(
            SystemAbi.OfLayout(layout), countsBehindMarks: layout != "libkqueue");

        public int Kevent(int queue, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout)
        {
            KernelResult result;
            try
            {
                result = Exchange(queue, changes, changeCount, events, eventCount, timeout);
            }
#pragma warning disable CA1031 // An exception cannot cross native code. EIO fails whatever test meets it.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Console.Error.WriteLine(failure);
                result = KernelResult.Failure(Errno.EIO);
            }

            if (result.IsError)
            {
                Marshal.SetLastSystemError((int)_translation.ToNumber(result.Error));
                return -1;
            }

            return result.Value;
        }

        private KernelResult Exchange(
            int number, byte* changes, int changeCount, byte* events, int eventCount, TimeSpec* timeout)
        {
            var changeList = new List<KEvent>(changeCount);
            for (var i = 0; i < changeCount; i++)
            {
                var change = _translation.ToNeutral(_layout.Read(changes, i));
                if (knotes?.Refuses(number, change) ?? false)
                {
                    return KernelResult.Failure(Errno.EFAULT);
                }

                if (knotes?.Note(number, change) ?? true)
                {
                    changeList.Add(change);
                }
            }

            if (layout == "freebsd" && changeList.Exists(IsBeforeBoot))
            {
                return KernelResult.Failure(Errno.EINVAL);
            }

            var eventList = new KEvent[eventCount];
            var result = s_queues[number].TryKevent([.. changeList], eventList, TimeoutNsOf(timeout));
            for (var i = 0; i < result.Value; i++)
            {
                knotes?.NoteReport(number, eventList[i]);
                _layout.Write(events, i, _translation.ToPlayed(eventList[i]));
            }

            return result;
        }

        // FreeBSD 13 kern_event.c, filt_timervalidate: the time since the boot is negative. The tests' change is alone.
        private static bool IsBeforeBoot(KEvent change) =>
            change is { Filter: KEventFilter.Timer, Data: > 0 and < 1_000_000 } &&
            (change.Notes & KEventNotes.Absolute) != 0;

        // Every system refuses a timespec out of range; XNU also one of years.
        private static long TimeoutNsOf(TimeSpec* timeout)
        {
            const long SecondsMax = 100_000_000;
            if (timeout is null)
            {
                return KernelQueue.InfiniteTimeout;
            }

            Assert.InRange(timeout->Nanoseconds, 0, TimeSpec.NanosecondsPerSecond - 1);
            Assert.InRange(timeout->Seconds, 0, SecondsMax);
            return (timeout->Seconds * TimeSpec.NanosecondsPerSecond) + timeout->Nanoseconds;
        }
    }
}
