using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>Asks the kernel itself whether the layout is right, before anything relies on it.</summary>
internal static unsafe class KqueueSelfCheck
{
    private const byte Canary = 0xA5;
    private const nint ProbeUserData = 0x5A17_C0DE;

    /// <summary>
    /// Looks where the kernel writes what it has to write: the answer to a change that must fail, or, from libkqueue,
    /// which gives none, an event. A wrong size would corrupt memory later on, at the first wait that returns several
    /// events.
    /// </summary>
    public static void VerifyLayout(KqueueCalls calls, int queue, KqueueAbi abi)
    {
        // The list has one entry. Whatever a larger struct writes has its place behind it all the same.
        Span<byte> room = stackalloc byte[2 * KEventLayout.SizeMax];
        room.Fill(Canary);
        var list = room[..abi.Layout.Size];
        var change = new NativeKEvent(
            -1, abi.ToNative(KEventFilter.Read), KEventFlags.Add, Notes: 0, Data: 0, ProbeUserData);
        if (abi.ForgetsErrorEntries)
        {
            change = User(abi, KEventFlags.Add | KEventFlags.OneShot);
            _ = Exchange(calls, queue, abi, change, [], out _);
            change = User(abi, KEventFlags.None, (uint)KEventNotes.Trigger);
        }

        var returned = Exchange(calls, queue, abi, change, list, out var errno);

        // The answer must end where the struct ends: its last byte is the kernel's, the next one is not.
        // Any flag may stand beside ERROR: FreeBSD sets it alone, XNU adds it to those of the change.
        var answer = abi.Layout.Read(list, 0);
        var isError = (answer.Flags & KEventFlags.Error) != 0 && abi.Errnos.ToErrno(answer.Data) == Errno.EBADF;
        var isUnderstood =
            returned == 1 &&
            (answer.Ident, answer.Filter, answer.UserData) == (change.Ident, change.Filter, ProbeUserData) &&
            isError != abi.ForgetsErrorEntries &&
            list[^1] != Canary &&
            !room[list.Length..].ContainsAnyExcept(Canary);
        if (!isUnderstood)
        {
            throw new KernelQueueException(
                $"kevent does not speak the layout '{abi.Name}': it answered with {returned} entries " +
                $"(errno {errno}), flags 0x{(uint)answer.Flags:x}, data {answer.Data}, where one entry with " +
                (abi.ForgetsErrorEntries ? "a USER event" : "ERROR and EBADF for a bad descriptor") +
                $" was expected. Give the right {nameof(KernelQueueOptions)}.{nameof(KernelQueueOptions.Layout)}.",
                returned < 0 ? abi.Errnos.ToErrno(errno) : Errno.EINVAL);
        }
    }

    /// <summary>
    /// Whether the filter USER exists: macOS 10.6, FreeBSD 8.1 and NetBSD 10 have it, older ones answer EINVAL.
    /// </summary>
    public static bool HasUserFilter(KqueueCalls calls, int queue, KqueueAbi abi)
    {
        if (Exchange(calls, queue, abi, User(abi, KEventFlags.Add | KEventFlags.Clear), [], out _) != 0)
        {
            return false;
        }

        _ = Exchange(calls, queue, abi, User(abi, KEventFlags.Delete), [], out _);
        return true;
    }

    private static NativeKEvent User(KqueueAbi abi, KEventFlags flags, uint notes = 0) =>
        new(0, abi.EvfiltUser, flags, notes, Data: 0, ProbeUserData);

    private static int Exchange(
        KqueueCalls calls, int queue, KqueueAbi abi, NativeKEvent change, Span<byte> events, out int errno)
    {
        var immediately = default(TimeSpec);
        Span<byte> changes = stackalloc byte[abi.Layout.Size];
        abi.Layout.Write(changes, 0, change);
        return calls.Exchange(abi.Layout, queue, changes, events, &immediately, out errno);
    }
}
