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
}
