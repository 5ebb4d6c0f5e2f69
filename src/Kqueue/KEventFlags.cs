namespace Kqueue;

/// <summary>The flags of a change and of an event, with the meaning and the values of kqueue(2).</summary>
[Flags]
public enum KEventFlags : ushort
{
    /// <summary>No flag; on a USER knote the change that triggers it.</summary>
    None = 0,

    /// <summary>
    /// Add the knote, or change the notes, data and user data of the one that exists. Its mode stays.
    /// </summary>
    Add = 0x0001,

    /// <summary>Remove the knote.</summary>
    Delete = 0x0002,

    /// <summary>Let the knote report again.</summary>
    Enable = 0x0004,

    /// <summary>Keep the knote, but let it report nothing.</summary>
    Disable = 0x0008,

    /// <summary>Remove the knote when its first event is delivered.</summary>
    OneShot = 0x0010,

    /// <summary>Edge-triggered: report once per activation instead of as long as the condition holds.</summary>
    Clear = 0x0020,

    /// <summary>Answer this change with an ERROR entry, also when it succeeded (data 0).</summary>
    Receipt = 0x0040,

    /// <summary>Disable the knote when an event is delivered; ENABLE re-arms it.</summary>
    Dispatch = 0x0080,

    /// <summary>
    /// In an event of READ with CLEAR: urgent data (MSG_OOB) is in, and a receive may stop at its mark although bytes
    /// are behind it. Linux and macOS say so.
    /// </summary>
    OutOfBand = 0x2000,

    /// <summary>In an event: the entry tells the result of a change; data is the <see cref="Errno"/>.</summary>
    Error = 0x4000,

    /// <summary>In an event: the end of the stream is in, perhaps behind unread bytes.</summary>
    Eof = 0x8000,
}
