namespace Kqueue;

/// <summary>
/// The filter-specific flags (<c>fflags</c>, NOTE_*): one bit has another meaning with another filter. The values are
/// those of every system, except for a timer's, which a backend translates. Bits without a name pass to a system's own
/// kqueue as they are.
/// </summary>
[Flags]
#pragma warning disable CA1069 // The same bit stands for one thing in each filter, as in sys/event.h.
public enum KEventNotes : uint
{
    /// <summary>No note: a timer's data is in milliseconds.</summary>
    None = 0,

    /// <summary>
    /// READ and WRITE: data is the low-water mark, in bytes, at which the event fires. Not for WRITE on Linux.
    /// </summary>
    LowWater = 0x0000_0001,

    /// <summary>TIMER: data is in seconds.</summary>
    Seconds = 0x0001_0000,

    /// <summary>TIMER: data is in milliseconds, as without a unit.</summary>
    Milliseconds = 0x0002_0000,

    /// <summary>TIMER: data is in microseconds.</summary>
    Microseconds = 0x0004_0000,

    /// <summary>TIMER: data is in nanoseconds.</summary>
    Nanoseconds = 0x0008_0000,

    /// <summary>TIMER: data is a point in time since the Unix epoch; the timer fires once.</summary>
    Absolute = 0x0010_0000,

    /// <summary>USER: trigger the event.</summary>
    Trigger = 0x0100_0000,

    /// <summary>USER: the caller's own 24 flags, kept with the knote and reported with its event.</summary>
    UserFlags = 0x00FF_FFFF,

    /// <summary>VNODE: the file, or a name of it, was removed.</summary>
    Deleted = 0x0000_0001,

    /// <summary>VNODE: the file was written to; a directory has gained or lost an entry.</summary>
    Written = 0x0000_0002,

    /// <summary>VNODE: the file has become longer.</summary>
    Extended = 0x0000_0004,

    /// <summary>VNODE: times, mode or owner have changed.</summary>
    Attributes = 0x0000_0008,

    /// <summary>VNODE: the number of names of the file has changed.</summary>
    Linked = 0x0000_0010,

    /// <summary>VNODE: the file was renamed.</summary>
    Renamed = 0x0000_0020,

    /// <summary>PROCESS: it ends. The event comes once, with EOF.</summary>
    Exited = 0x8000_0000,

    /// <summary>
    /// PROCESS: the event's data is to be the exit status. Only macOS asks for this note; Linux knows the status of a
    /// child only, and until somebody has waited for it.
    /// </summary>
    ExitStatus = 0x0400_0000,

    /// <summary>USER, in a change: the flags that are kept stay those only that the change has too.</summary>
    UserAnd = 0x4000_0000,

    /// <summary>USER, in a change: the change's flags come to those that are kept.</summary>
    UserOr = 0x8000_0000,

    /// <summary>USER, in a change: the change's flags replace those that are kept.</summary>
    UserCopy = UserAnd | UserOr,
}
#pragma warning restore CA1069
