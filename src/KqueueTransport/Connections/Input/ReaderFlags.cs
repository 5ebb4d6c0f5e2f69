namespace KqueueTransport.Connections.Input;

/// <summary>The state of a <see cref="ConnectionReader"/>, under its lock.</summary>
[Flags]
internal enum ReaderFlags : ushort
{
    None = 0,

    /// <summary>A result is out and AdvanceTo has not been called.</summary>
    Reading = 1,

    /// <summary>CancelPendingRead was called and no result has said so yet.</summary>
    Canceled = 2,

    /// <summary>The application has completed the reader.</summary>
    Completed = 4,

    /// <summary>The stream has ended: nothing is received any more, and the descriptor may be closed.</summary>
    Ended = 8,

    /// <summary>The kernel said that there is something, and no receive has come back short since.</summary>
    Readable = 16,

    /// <summary>
    /// The kernel said EOF, or that urgent data is there: a short receive is no sign of being drained, because the end
    /// comes after it, or bytes behind the mark where it stopped.
    /// </summary>
    MoreAnnounced = 32,

    /// <summary>The end has to be told to the connection, once the lock is left.</summary>
    EndUnreported = 64,

    /// <summary>The first read was asked for, so that the connection moves, or has moved, to its loop.</summary>
    Started = 128,

    /// <summary>
    /// A canceled result is out, or a try found nothing. AdvanceTo may follow, but so may the next read: Kestrel
    /// reads on without it when it stops while the application reads from an upgraded connection.
    /// </summary>
    ReadingTentatively = 256,

    /// <summary>Input waits in the kernel, and more of it, while nobody reads.</summary>
    Paused = 512,

    /// <summary>The pause has to be logged, once the lock is left.</summary>
    PauseUnreported = 1024,

    /// <summary>The end of the pause has to be logged, once the lock is left.</summary>
    ResumeUnreported = 2048,

    /// <summary>A canceled read, or the next one, waits for bytes, because the listener stops.</summary>
    CancelPutOff = 4096,

    /// <summary>The peer's FIN has been received, and everything before it. A late event may tell it again.</summary>
    FinReceived = 8192,

    /// <summary>What has to be told once the lock is left.</summary>
    Reports = EndUnreported | PauseUnreported | ResumeUnreported,
}
