using System.Runtime.InteropServices;
using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>
/// kqueue(2) and kevent(2) as function pointers: the system's, another library's, or, in tests, ones that play the
/// kernel. None of them is variadic.
/// </summary>
internal sealed unsafe class KqueueCalls
{
    /// <summary><c>int kqueue(void)</c>.</summary>
    public required nint Kqueue { get; init; }

    /// <summary><c>int kqueue1(int flags)</c>; zero where the system has none.</summary>
    public nint Kqueue1 { get; init; }

    /// <summary>
    /// <c>int kevent(int, const struct kevent *, int, struct kevent *, int, const struct timespec *)</c>.
    /// </summary>
    public required nint Kevent { get; init; }

    /// <summary><c>int close(int)</c>.</summary>
    public required nint Close { get; init; }

    /// <summary>Makes a queue that an exec(2) closes, where the system can do so in one call.</summary>
    /// <remarks>
    /// Where it cannot, nothing is lost: macOS closes it on exec by itself, and on every BSD a child does not inherit
    /// it in the first place (kqueue(2); XNU kern_event.c, kqueue_internal). So fcntl(2) is not needed, which is
    /// variadic and as such cannot be called with a fixed signature on macOS arm64 (dotnet/runtime#48796).
    /// </remarks>
    public int Create(int closeOnExec, out int errno)
    {
        var created = Kqueue1 != 0 && closeOnExec != 0
            ? ((delegate* unmanaged<int, int>)Kqueue1)(closeOnExec)
            : ((delegate* unmanaged<int>)Kqueue)();
        errno = created < 0 ? Marshal.GetLastSystemError() : 0;
        return created;
    }

    /// <summary>One kevent call. The counts are <c>int</c>, or <c>size_t</c> on NetBSD (sys/event.h).</summary>
    public int Exchange(
        KEventLayout layout, int queue, ReadOnlySpan<byte> changes, Span<byte> events, TimeSpec* timeout, out int errno)
    {
        var (changeCount, eventCount) = (changes.Length / layout.Size, events.Length / layout.Size);
        fixed (byte* changeList = changes)
        fixed (byte* eventList = events)
        {
            var returned = layout.HasWideCounts
                ? ((delegate* unmanaged<int, byte*, nuint, byte*, nuint, TimeSpec*, int>)Kevent)(
                    queue, changeList, (nuint)changeCount, eventList, (nuint)eventCount, timeout)
                : ((delegate* unmanaged<int, byte*, int, byte*, int, TimeSpec*, int>)Kevent)(
                    queue, changeList, changeCount, eventList, eventCount, timeout);
            errno = returned < 0 ? Marshal.GetLastSystemError() : 0;
            return returned;
        }
    }

    public void CloseQueue(int queue) => _ = ((delegate* unmanaged<int, int>)Close)(queue);
}
