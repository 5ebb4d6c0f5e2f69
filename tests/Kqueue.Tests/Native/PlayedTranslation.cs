using Kqueue.Interop;
using Kqueue.Tests.Abi;

namespace Kqueue.Tests.Native;

/// <summary>The played system's numbers to neutral values and back, by the names of abi.json.</summary>
/// <param name="abi">The system.</param>
/// <param name="countsBehindMarks">
/// Whether data counts what is behind the mark of urgent data, which is a byte at least (FreeBSD uipc_socket.c,
/// filt_soread). Linux counts up to the mark (include/net/tcp.h, tcp_inq), and libkqueue asks Linux.
/// </param>
internal sealed class PlayedTranslation(SystemAbi abi, bool countsBehindMarks)
{
    private static readonly (string Name, KEventFilter Filter)[] s_filters =
    [
        ("EVFILT_READ", KEventFilter.Read),
        ("EVFILT_WRITE", KEventFilter.Write),
        ("EVFILT_VNODE", KEventFilter.Vnode),
        ("EVFILT_PROC", KEventFilter.Process),
        ("EVFILT_SIGNAL", KEventFilter.Signal),
        ("EVFILT_TIMER", KEventFilter.Timer),
        ("EVFILT_USER", KEventFilter.User),
    ];

    private static readonly (string Name, KEventFlags Flag)[] s_flags =
    [
        ("EV_ADD", KEventFlags.Add),
        ("EV_DELETE", KEventFlags.Delete),
        ("EV_ENABLE", KEventFlags.Enable),
        ("EV_DISABLE", KEventFlags.Disable),
        ("EV_ONESHOT", KEventFlags.OneShot),
        ("EV_CLEAR", KEventFlags.Clear),
        ("EV_RECEIPT", KEventFlags.Receipt),
        ("EV_DISPATCH", KEventFlags.Dispatch),
        ("EV_ERROR", KEventFlags.Error),
        ("EV_EOF", KEventFlags.Eof),
    ];

    // The widest units last: on NetBSD they are numbers, so that NOTE_NSECONDS (3) has the bits of the others.
    private static readonly (string Name, KEventNotes Unit)[] s_units =
    [
        ("NOTE_NSECONDS", KEventNotes.Nanoseconds),
        ("NOTE_USECONDS", KEventNotes.Microseconds),
        ("NOTE_SECONDS", KEventNotes.Seconds),
    ];

    public KEvent ToNeutral(PlayedEntry entry)
    {
        var filter = s_filters.Single(pair => abi[pair.Name] == entry.Filter).Filter;
        return new KEvent(
            entry.Ident, filter, FlagsOf(entry.Flags), NotesOf(filter, entry.Notes), entry.Data, entry.UserData);
    }

    public PlayedEntry ToPlayed(KEvent neutral)
    {
        var flags = s_flags.Where(pair => (neutral.Flags & pair.Flag) != 0).Sum(pair => abi[pair.Name]) +
            ((neutral.Flags & KEventFlags.OutOfBand) != 0 ? abi.Find("EV_OOBAND") ?? 0 : 0);
        var data = (neutral.Flags & KEventFlags.Error) != 0 ? ToNumber(neutral.ChangeError)
            : neutral.Data + (countsBehindMarks && (neutral.Flags & KEventFlags.OutOfBand) != 0 ? 1 : 0);
        var filter = abi[s_filters.Single(pair => pair.Filter == neutral.Filter).Name];
        var notes = neutral.Filter is KEventFilter.Read or KEventFilter.Write
            ? ToNumber(neutral.SocketError)
            : (uint)neutral.Notes;
        return new PlayedEntry(neutral.Ident, filter, (uint)flags, notes, data, neutral.UserData);
    }

    public uint ToNumber(Errno error) =>
        error == Errno.None ? 0 : (uint)(abi.Find(error.ToString()) ?? (int)error);

    private KEventFlags FlagsOf(uint flags) => s_flags
        .Where(pair => (flags & abi[pair.Name]) != 0)
        .Aggregate(KEventFlags.None, (all, pair) => all | pair.Flag);

    // The same on every system, as NumberTests shows, except for a timer's.
    private KEventNotes NotesOf(KEventFilter filter, uint notes) =>
        filter == KEventFilter.Timer ? TimerNotesOf((int)notes) : (KEventNotes)notes;

    private KEventNotes TimerNotesOf(int notes)
    {
        var absolute = abi.Find("NOTE_ABSOLUTE") ?? abi["NOTE_ABSTIME"];
        var unit = notes & ~absolute;
        Assert.True(unit == 0 || unit == abi.Find("NOTE_MSECONDS") || s_units.Any(pair => abi[pair.Name] == unit));
        return s_units.FirstOrDefault(pair => abi[pair.Name] == unit).Unit |
            ((notes & absolute) != 0 ? KEventNotes.Absolute : KEventNotes.None);
    }
}
