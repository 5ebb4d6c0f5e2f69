using System.Runtime.InteropServices;
using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>Asks the kernel itself whether the layout is right, before anything relies on it.</summary>
internal static unsafe class KqueueSelfCheck
{
    private const byte Canary = 0xA5;
    private const int KEventBytesMax = 128;
    private const nint ProbeUserData = 0x5A17_C0DE;

    /// <summary>
    /// Hands in a change that must fail and looks where the answer is. A wrong size would corrupt memory later on, at
    /// the first wait that returns several events.
    /// </summary>
    public static void VerifyLayout<T>(KqueueCalls calls, int queue, KqueueAbi abi)
        where T : unmanaged, INativeKEvent<T>
    {
        // A list of one: libkqueue loses the answer where there is room behind it, as long as it is the only event
        // (2.3 to 2.7, src/common/kevent.c). Whatever a larger struct writes has its place all the same.
        Span<T> room = stackalloc T[1 + (KEventBytesMax / sizeof(T))];
        var bytes = MemoryMarshal.AsBytes(room);
        bytes.Fill(Canary);

        var change = T.From(-1, abi.ToNative(KEventFilter.Read), KEventFlags.Add, notes: 0, data: 0, ProbeUserData);
        var returned = Exchange(calls, queue, change, room[..1], out var errno);

        // The answer must end where the struct ends: its last byte is the kernel's, the next one is not.
        // Any flag may stand beside ERROR: FreeBSD sets it alone, XNU adds it to those of the change.
        var answer = room[0];
        var isUnderstood =
            returned == 1 &&
            answer.Ident == -1 &&
            answer.Filter == abi.ToNative(KEventFilter.Read) &&
            (answer.Flags & KEventFlags.Error) != 0 &&
            abi.Errnos.ToErrno(answer.Data) == Errno.EBADF &&
            answer.UserData == ProbeUserData &&
            bytes[sizeof(T) - 1] != Canary &&
            !bytes[sizeof(T)..].ContainsAnyExcept(Canary);
        if (!isUnderstood)
        {
            throw new KernelQueueException(
                $"kevent does not speak the layout '{abi.Name}': a bad descriptor was answered with {returned} " +
                $"entries (errno {errno}), flags 0x{(uint)answer.Flags:x}, data {answer.Data}, where one entry with " +
                $"ERROR and EBADF was expected. Give the right {nameof(KernelQueueOptions)}." +
                $"{nameof(KernelQueueOptions.Layout)}.",
                returned < 0 ? abi.Errnos.ToErrno(errno) : Errno.EINVAL);
        }
    }

    /// <summary>
    /// Whether the filter USER exists: macOS 10.6, FreeBSD 8.1 and NetBSD 10 have it, older ones answer EINVAL.
    /// </summary>
    public static bool HasUserFilter<T>(KqueueCalls calls, int queue, KqueueAbi abi)
        where T : unmanaged, INativeKEvent<T>
    {
        Span<T> events = stackalloc T[1];
        var add = T.From(0, abi.EvfiltUser, KEventFlags.Add | KEventFlags.Clear, notes: 0, data: 0, userData: 0);
        if (Exchange(calls, queue, add, events, out _) != 0)
        {
            return false;
        }

        var delete = T.From(0, abi.EvfiltUser, KEventFlags.Delete, notes: 0, data: 0, userData: 0);
        _ = Exchange(calls, queue, delete, events, out _);
        return true;
    }

    private static int Exchange<T>(KqueueCalls calls, int queue, T change, Span<T> events, out int errno)
        where T : unmanaged, INativeKEvent<T>
    {
        var immediately = default(TimeSpec);
        return calls.Exchange(queue, [change], events, &immediately, out errno);
    }
}
