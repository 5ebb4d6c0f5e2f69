namespace Kqueue;

/// <summary>
/// The filter-specific flags (<c>fflags</c>, NOTE_*). The values are this library's own, because every system has
/// others for the timer units; a backend translates them.
/// </summary>
[Flags]
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

    /// <summary>USER, in a change: the flags that are kept stay those only that the change has too.</summary>
    UserAnd = 0x4000_0000,

    /// <summary>USER, in a change: the change's flags come to those that are kept.</summary>
    UserOr = 0x8000_0000,

    /// <summary>USER, in a change: the change's flags replace those that are kept.</summary>
    UserCopy = UserAnd | UserOr,
}
