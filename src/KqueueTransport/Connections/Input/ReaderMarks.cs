namespace KqueueTransport.Connections.Input;

/// <summary>What the driver of a loop wants of a reader. It leaves it to whoever has the reader's lock.</summary>
[Flags]
internal enum ReaderMarks : byte
{
    None = 0,

    /// <summary>A receive for the pending read.</summary>
    Receive = 1,

    /// <summary>An event was there.</summary>
    Readable = 2,

    /// <summary>The event said that a short receive is no sign of being drained.</summary>
    MoreAnnounced = 4,

    /// <summary>The event said EOF.</summary>
    Eof = 8,

    /// <summary>A canceled read has waited long enough for bytes.</summary>
    CancelDue = 16,

    /// <summary>Work is posted to the loop that sees to the marks.</summary>
    Posted = 32,
}
