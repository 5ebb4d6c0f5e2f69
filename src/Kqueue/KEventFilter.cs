namespace Kqueue;

/// <summary>
/// The kinds of event. The values are those of macOS; a backend translates them. On a system's own kqueue a number
/// without a name here is passed on as it is, with its flags, notes and data: what else that kernel can do works.
/// </summary>
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
    /// The file behind a descriptor changes. Notes: what to report, and what has happened.
    /// </summary>
    Vnode = -4,

    /// <summary>A process, by its number, ends. Data: its exit status, as of wait(2).</summary>
    Process = -5,

    /// <summary>
    /// A signal, by the system's number, comes to the process. Data: how often since the last event. Handlers and the
    /// default action are not replaced.
    /// </summary>
    Signal = -6,

    /// <summary>
    /// A timer of the caller's own number. Data: the period, in milliseconds unless a note gives another unit; in an
    /// event, the number of expirations since the last one. Periodic unless ONESHOT or absolute.
    /// </summary>
    Timer = -7,

    /// <summary>An event of the caller's own: added once, then triggered from any thread.</summary>
    User = -10,
}
