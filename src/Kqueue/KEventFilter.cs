namespace Kqueue;

/// <summary>The kinds of event. The values are this library's own; a backend translates them.</summary>
public enum KEventFilter : short
{
    /// <summary>
    /// A descriptor has something to read. Data: bytes readable, or the length of a listen socket's queue (a hint:
    /// accept until would-block).
    /// </summary>
    Read = -1,

    /// <summary>A descriptor can be written. Data: free space in the send buffer, in bytes.</summary>
    Write = -2,

    /// <summary>
    /// A timer of the caller's own number. Data: the period, in milliseconds unless a note gives another unit; in an
    /// event, the number of expirations since the last one. Periodic unless ONESHOT or absolute.
    /// </summary>
    Timer = -7,

    /// <summary>An event of the caller's own: added once, then triggered from any thread.</summary>
    User = -10,
}
