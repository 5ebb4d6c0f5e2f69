namespace Kqueue.Native;

/// <summary>Neutral entries to a system's own and back.</summary>
internal static class KEventTranslation
{
    public static NativeKEvent ToNative(in KEvent change, KqueueAbi abi) => new(
        change.Ident,
        abi.ToNative(change.Filter),
        FlagsOf(change, abi),
        abi.ToNative(change.Filter, change.Notes),
        change is { Filter: KEventFilter.Timer } && (change.Flags & KEventFlags.Add) != 0
            ? TimerTime.AmountOf(change)
            : change.Data,
        change.UserData);

    /// <summary>Translates an entry, unless it says something that no caller can use.</summary>
    public static bool TryToNeutral(in NativeKEvent native, KqueueAbi abi, out KEvent reported)
    {
        var filter = abi.ToNeutral(native.Filter);
        var flags = native.Flags & (IsNamed(filter) ? abi.ReportedFlags : (KEventFlags)ushort.MaxValue);
        var (notes, data) = ((KEventNotes)native.Notes, native.Data);
        if ((flags & KEventFlags.Error) != 0)
        {
            var error = abi.Errnos.ToErrno(data);
            var isDeferred = error == Errno.EINPROGRESS && abi.DefersDeletion;
            data = isDeferred ? 0 : (long)error;
            if (isDeferred && (flags & KEventFlags.Receipt) == 0)
            {
                reported = default;
                return false;
            }
        }
        else if (filter is KEventFilter.Read or KEventFilter.Write)
        {
            // The socket's error is in fflags (kqueue(2), EVFILT_READ).
            notes = (flags & KEventFlags.Eof) != 0 ? (KEventNotes)abi.Errnos.ToErrno(native.Notes) : KEventNotes.None;
        }
        else if (filter == KEventFilter.Timer)
        {
            notes = KEventNotes.None;
        }

        reported = new KEvent(native.Ident, filter, flags, notes, data, native.UserData);
        return true;
    }

    // FreeBSD gives a timer CLEAR by itself unless it is absolute (kern_event.c, filt_timerattach), and reports that
    // one at every wait once its time has come.
    private static KEventFlags FlagsOf(in KEvent change, KqueueAbi abi) =>
        (abi.ForgetsErrorEntries ? change.Flags & ~KEventFlags.Receipt : change.Flags) |
        (change.Filter == KEventFilter.Timer && (change.Notes & KEventNotes.Absolute) != 0 &&
            (change.Flags & KEventFlags.Add) != 0 ? KEventFlags.OneShot : KEventFlags.None);

    // The flags of others are theirs to read.
    private static bool IsNamed(KEventFilter filter) =>
        filter is KEventFilter.User or (<= KEventFilter.Read and >= KEventFilter.Timer and not AsynchronousIo);

    // EVFILT_AIO, between those with a name.
    private const KEventFilter AsynchronousIo = (KEventFilter)(-3);
}
