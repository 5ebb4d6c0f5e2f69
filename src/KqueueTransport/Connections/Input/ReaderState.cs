namespace KqueueTransport.Connections.Input;

/// <summary>What the application is about with a <see cref="ConnectionReader"/>.</summary>
internal enum ReadState : byte
{
    /// <summary>It has not read yet: with the first read the connection moves to its loop.</summary>
    New,

    /// <summary>No result is out. A read may be pending.</summary>
    Idle,

    /// <summary>
    /// A canceled result is out, or a try found nothing. AdvanceTo may follow, but so may the next read: Kestrel
    /// reads on without it when it stops while the application reads from an upgraded connection.
    /// </summary>
    Tentative,

    /// <summary>A result is out and AdvanceTo has not been called.</summary>
    Reading,

    /// <summary>It has completed the reader.</summary>
    Completed,
}

/// <summary>What a <see cref="ConnectionReader"/> knows of the stream of received bytes.</summary>
internal enum InputState : byte
{
    /// <summary>Open. The last receive has brought what there was.</summary>
    Drained,

    /// <summary>Open. The kernel said that there is something, and no receive has come back short since.</summary>
    Readable,

    /// <summary>Open. Input waits in the kernel, and more of it, while nobody reads.</summary>
    Paused,

    /// <summary>Open. The error that a receive brought comes behind the bytes of a read that has completed.</summary>
    Failing,

    /// <summary>Ended, as all that follow: nothing is received any more, and the descriptor may be closed.</summary>
    Ended,

    /// <summary>Ended, with bytes that wait in the kernel.</summary>
    EndedUnread,

    /// <summary>The peer's FIN has been received, and everything before it. A late event may tell it again.</summary>
    Finished,
}

/// <summary>What else a <see cref="ConnectionReader"/> has to see to.</summary>
[Flags]
internal enum ReaderFlags : byte
{
    None = 0,

    /// <summary>CancelPendingRead was called and no result has said so yet.</summary>
    Canceled = 1,

    /// <summary>What was canceled waits for bytes, because the listener stops.</summary>
    CancelPutOff = 2,

    /// <summary>The end has to be told to the connection, once the lock is left.</summary>
    EndUnreported = 4,

    /// <summary>The pause has to be logged, once the lock is left.</summary>
    PauseUnreported = 8,

    /// <summary>The end of the pause has to be logged, once the lock is left.</summary>
    ResumeUnreported = 16,

    /// <summary>That the stream fails has to be told to the connection, once the lock is left.</summary>
    FailingUnreported = 32,

    /// <summary>What has to be told once the lock is left.</summary>
    Reports = EndUnreported | PauseUnreported | ResumeUnreported | FailingUnreported,
}
