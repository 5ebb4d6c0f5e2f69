using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>The numbers that one system's kqueue gives to the neutral filters and notes.</summary>
/// <remarks>
/// The EV_* flags are the same everywhere, and so are the notes but a timer's. Sources: sys/event.h of XNU
/// (xnu-11417), FreeBSD 15 and NetBSD 10, and libkqueue's include/sys/event.h.in.
/// </remarks>
internal sealed record KqueueAbi
{
    private const KEventFlags ReportedEverywhere =
        KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch | KEventFlags.Receipt |
        KEventFlags.Error | KEventFlags.Eof;

    public required string Name { get; init; }

    public required KEventLayout Layout { get; init; }

    public required ErrnoNumbering Errnos { get; init; }

    /// <summary>
    /// What an event says. Systems differ in what else they echo: XNU and libkqueue the ADD of the change, DragonFly
    /// bits of its own (libkqueue, test/timer.c and test/kqueue.c).
    /// </summary>
    public KEventFlags ReportedFlags { get; init; } = ReportedEverywhere;

    /// <summary>The one filter with another number on every system.</summary>
    public required int EvfiltUser { get; init; }

    /// <summary>Whether the numbers of the filters count up from 0 instead of down from -1.</summary>
    public bool CountsFiltersUp { get; init; }

    public uint NoteSeconds { get; init; } = 1;

    /// <summary>
    /// Zero where the system has no such note: without a unit the time is in milliseconds everywhere (kqueue(2)).
    /// </summary>
    public uint NoteMilliseconds { get; init; }

    public required uint NoteMicroseconds { get; init; }

    public required uint NoteNanoseconds { get; init; }

    public required uint NoteAbsolute { get; init; }

    /// <summary>The notes of PROCESS that the system does not know, because it always does what they ask for.</summary>
    public KEventNotes IgnoredProcessNotes { get; init; } = KEventNotes.ExitStatus;

    /// <summary>What kqueue1(2) takes for close-on-exec, where that call exists.</summary>
    public int CloseOnExec { get; init; }

    /// <summary>The names of kevent, the preferred first.</summary>
    public IReadOnlyList<string> KeventSymbols { get; init; } = ["kevent"];

    /// <summary>
    /// Whether EINPROGRESS means success: XNU answers it to the deletion of a knote that another thread is about to
    /// be given, which it then carries out later (XNU kern_event.c; nanomsg/nng#318).
    /// </summary>
    public bool DefersDeletion { get; init; }

    /// <summary>
    /// Whether a knote outlives its descriptor, and keeps the next one of that number silent: libkqueue does not notice
    /// close(2) (BUGS.md).
    /// </summary>
    public bool KeepsKnotesOfClosed { get; init; }

    /// <summary>
    /// Whether a change that failed is told of by the result of the call alone, which takes an empty event list and a
    /// change at a time: libkqueue writes the entry and does not count it (src/common/kevent.c, kevent).
    /// </summary>
    public bool ForgetsErrorEntries { get; init; }

    /// <summary>
    /// Whether there are releases that take one filter of a descriptor: libkqueue 2.3 answers EFAULT to WRITE beside
    /// READ.
    /// </summary>
    public bool MayTakeOneFilter { get; init; }

    public static KqueueAbi Darwin { get; } = new()
    {
        Name = "darwin",
        Layout = KEventLayout.Darwin,
        Errnos = ErrnoNumbering.Darwin,

        // EV_OOBAND, which is a bit of the kernel's own on the others (sys/event.h).
        ReportedFlags = ReportedEverywhere | KEventFlags.OutOfBand,
        EvfiltUser = -10,
        IgnoredProcessNotes = KEventNotes.None,
        NoteMicroseconds = 2,
        NoteNanoseconds = 4,
        NoteAbsolute = 8,
        DefersDeletion = true,
    };

    public static KqueueAbi FreeBsd { get; } = new()
    {
        Name = "freebsd",
        Layout = KEventLayout.FreeBsd,
        Errnos = ErrnoNumbering.FreeBsd,
        EvfiltUser = -11,
        NoteMilliseconds = 2,
        NoteMicroseconds = 4,
        NoteNanoseconds = 8,
        NoteAbsolute = 0x10,
        CloseOnExec = 0x0010_0000,
    };

    // NetBSD counts its filters up from zero, and its units are numbers, not bits.
    public static KqueueAbi NetBsd { get; } = new()
    {
        Name = "netbsd",
        Layout = KEventLayout.NetBsd,
        Errnos = ErrnoNumbering.NetBsd,
        EvfiltUser = 8,
        CountsFiltersUp = true,
        NoteMicroseconds = 2,
        NoteNanoseconds = 3,
        NoteAbsolute = 0x10,
        CloseOnExec = 0x0040_0000,

        // The plain name is the first ABI, with 32-bit time; sys/event.h renames it (NetBSD, __RENAME(__kevent50)).
        // A kernel built as a library may carry the name without the underscores.
        KeventSymbols = ["__kevent50", "kevent50"],
    };

    public static KqueueAbi Libkqueue { get; } = new()
    {
        Name = "libkqueue",
        Layout = KEventLayout.Darwin,
        Errnos = ErrnoNumbering.Linux,
        EvfiltUser = -11,
        NoteMicroseconds = 2,
        NoteNanoseconds = 4,
        NoteAbsolute = 8,
        KeepsKnotesOfClosed = true,
        ForgetsErrorEntries = true,
        MayTakeOneFilter = true,
    };

    public static IReadOnlyList<KqueueAbi> All { get; } = [Darwin, FreeBsd, NetBsd, Libkqueue];

    /// <summary>The system that <see cref="KernelQueueOptions.Layout"/> names.</summary>
    public static KqueueAbi Of(string layout) =>
        All.FirstOrDefault(abi => abi.Name == layout) ?? throw new ArgumentException(
            $"'{layout}' is no layout. Write {string.Join(", ", KernelQueueOptions.Layouts)}.", nameof(layout));

    /// <summary>The system's number of a filter; one without a name here is the system's own.</summary>
    public int ToNative(KEventFilter filter) =>
        filter == KEventFilter.User ? EvfiltUser : CountsFiltersUp ? ~(int)filter : (int)filter;

    /// <summary>The filter of a system's number.</summary>
    public KEventFilter ToNeutral(int number) =>
        number == EvfiltUser ? KEventFilter.User : (KEventFilter)(CountsFiltersUp ? ~number : number);

    /// <summary>
    /// The system's number of a change's notes. Only a timer's have others here; whatever bits have no name pass.
    /// </summary>
    public uint ToNative(KEventFilter filter, KEventNotes notes)
    {
        const KEventNotes Translated = TimerTime.Units | KEventNotes.Absolute;
        return filter == KEventFilter.Process ? (uint)(notes & ~IgnoredProcessNotes)
            : filter != KEventFilter.Timer ? (uint)notes
            : (uint)(notes & ~Translated) | UnitOf(notes) |
                ((notes & KEventNotes.Absolute) != 0 ? NoteAbsolute : 0);
    }

    private uint UnitOf(KEventNotes notes) => (notes & TimerTime.Units) switch
    {
        KEventNotes.Seconds => NoteSeconds,
        KEventNotes.Microseconds => NoteMicroseconds,
        KEventNotes.Nanoseconds => NoteNanoseconds,
        KEventNotes.Milliseconds => NoteMilliseconds,
        _ => 0,
    };
}
