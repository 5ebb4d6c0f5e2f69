using Kqueue.Interop;

namespace Kqueue.Native;

/// <summary>The numbers that one system's kqueue gives to the neutral filters and notes.</summary>
/// <remarks>
/// The EV_* flags are the same everywhere, and so are NOTE_LOWAT and NOTE_TRIGGER. Sources: sys/event.h of XNU
/// (xnu-11417), FreeBSD 15 and NetBSD 10, and libkqueue's include/sys/event.h.in.
/// </remarks>
internal sealed record KqueueAbi
{
    private const KEventFlags ReportedEverywhere =
        KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch | KEventFlags.Receipt |
        KEventFlags.Error | KEventFlags.Eof;

    public const uint NOTE_LOWAT = 0x0000_0001;
    public const uint NOTE_TRIGGER = 0x0100_0000;

    public required string Name { get; init; }

    /// <summary>Makes a queue with the system's layout of <c>struct kevent</c>.</summary>
    public required Func<KqueueAbi, KqueueCalls, KernelQueue> CreateQueue { get; init; }

    public required ErrnoNumbering Errnos { get; init; }

    /// <summary>
    /// What an event says. Systems differ in what else they echo: XNU and libkqueue the ADD of the change, DragonFly
    /// bits of its own (libkqueue, test/timer.c and test/kqueue.c).
    /// </summary>
    public KEventFlags ReportedFlags { get; init; } = ReportedEverywhere;

    public int EvfiltRead { get; init; } = -1;

    public int EvfiltWrite { get; init; } = -2;

    public int EvfiltTimer { get; init; } = -7;

    public required int EvfiltUser { get; init; }

    public uint NoteSeconds { get; init; } = 1;

    /// <summary>
    /// Zero where the system has no such note: without a unit the time is in milliseconds everywhere (kqueue(2)).
    /// </summary>
    public uint NoteMilliseconds { get; init; }

    public required uint NoteMicroseconds { get; init; }

    public required uint NoteNanoseconds { get; init; }

    public required uint NoteAbsolute { get; init; }

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
    /// Whether the knotes of a descriptor stay when it is closed, so that its number, used again, never gets an event:
    /// libkqueue does not notice close(2) (BUGS.md).
    /// </summary>
    public bool KnotesOutliveDescriptors { get; init; }

    public static KqueueAbi Darwin { get; } = new()
    {
        Name = "darwin",
        CreateQueue = static (abi, calls) => new NativeKernelQueue<DarwinKEvent>(abi, calls),
        Errnos = ErrnoNumbering.Darwin,

        // EV_OOBAND, which is a bit of the kernel's own on the others (sys/event.h).
        ReportedFlags = ReportedEverywhere | KEventFlags.OutOfBand,
        EvfiltUser = -10,
        NoteMicroseconds = 2,
        NoteNanoseconds = 4,
        NoteAbsolute = 8,
        DefersDeletion = true,
    };

    public static KqueueAbi FreeBsd { get; } = new()
    {
        Name = "freebsd",
        CreateQueue = static (abi, calls) => new NativeKernelQueue<FreeBsdKEvent>(abi, calls),
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
        CreateQueue = static (abi, calls) => new NativeKernelQueue<NetBsdKEvent>(abi, calls),
        Errnos = ErrnoNumbering.NetBsd,
        EvfiltRead = 0,
        EvfiltWrite = 1,
        EvfiltTimer = 6,
        EvfiltUser = 8,
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
        KnotesOutliveDescriptors = true,
        CreateQueue = static (abi, calls) => new NativeKernelQueue<DarwinKEvent>(abi, calls),
        Errnos = ErrnoNumbering.Linux,
        EvfiltUser = -11,
        NoteMicroseconds = 2,
        NoteNanoseconds = 4,
        NoteAbsolute = 8,
    };

    public static IReadOnlyList<KqueueAbi> All { get; } = [Darwin, FreeBsd, NetBsd, Libkqueue];

    /// <summary>The system that <see cref="KernelQueueOptions.Layout"/> names.</summary>
    public static KqueueAbi Of(string layout) =>
        All.FirstOrDefault(abi => abi.Name == layout) ?? throw new ArgumentException(
            $"'{layout}' is no layout. Write {string.Join(", ", KernelQueueOptions.Layouts)}.", nameof(layout));

    public int ToNative(KEventFilter filter) => filter switch
    {
        KEventFilter.Read => EvfiltRead,
        KEventFilter.Write => EvfiltWrite,
        KEventFilter.Timer => EvfiltTimer,
        KEventFilter.User => EvfiltUser,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Not a filter of this library."),
    };

    public KEventFilter ToNeutral(int filter) =>
        filter == EvfiltRead ? KEventFilter.Read
        : filter == EvfiltWrite ? KEventFilter.Write
        : filter == EvfiltUser ? KEventFilter.User
        : KEventFilter.Timer;

    public uint ToNative(KEventFilter filter, KEventNotes notes) => filter switch
    {
        KEventFilter.Read or KEventFilter.Write => (notes & KEventNotes.LowWater) != 0 ? NOTE_LOWAT : 0,
        KEventFilter.User => (notes & KEventNotes.Trigger) != 0 ? NOTE_TRIGGER : 0,
        _ => UnitOf(notes) | ((notes & KEventNotes.Absolute) != 0 ? NoteAbsolute : 0),
    };

    private uint UnitOf(KEventNotes notes) => (notes & TimerTime.Units) switch
    {
        KEventNotes.Seconds => NoteSeconds,
        KEventNotes.Microseconds => NoteMicroseconds,
        KEventNotes.Nanoseconds => NoteNanoseconds,
        KEventNotes.Milliseconds => NoteMilliseconds,
        _ => 0,
    };
}
