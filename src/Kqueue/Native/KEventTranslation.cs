namespace Kqueue.Native;

/// <summary>Neutral entries to a system's own and back.</summary>
internal static class KEventTranslation
{
    public static T ToNative<T>(in KEvent change, KqueueAbi abi)
        where T : unmanaged, INativeKEvent<T> => T.From(
        change.Ident,
        abi.ToNative(change.Filter),
        change.Flags,
        abi.ToNative(change.Filter, change.Notes),
        change.Data,
        change.UserData);

    /// <summary>Translates an entry, unless it says something that no caller can use.</summary>
    public static bool TryToNeutral<T>(in T native, KqueueAbi abi, out KEvent reported)
        where T : unmanaged, INativeKEvent<T>
    {
        var flags = native.Flags & abi.ReportedFlags;
        var filter = abi.ToNeutral(native.Filter);
        var (notes, data) = (KEventNotes.None, native.Data);
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
        else if ((flags & KEventFlags.Eof) != 0)
        {
            // The socket's error is in fflags (kqueue(2), EVFILT_READ).
            notes = (KEventNotes)(uint)abi.Errnos.ToErrno(native.Notes);
        }

        reported = new KEvent(native.Ident, filter, flags, notes, data, native.UserData);
        return true;
    }
}
