namespace KqueueTransport.Connections.Output;

/// <summary>The state of a <see cref="ConnectionWriter"/>, under its lock.</summary>
[Flags]
internal enum WriterFlags
{
    None = 0,

    /// <summary>CancelPendingFlush was called and no result has said so yet.</summary>
    Canceled = 1,

    /// <summary>The application has completed the writer.</summary>
    Completed = 2,

    /// <summary>Nothing is sent any more: the peer is gone or the connection closed. Writes are dropped.</summary>
    Dead = 4,

    /// <summary>
    /// The socket is full, or the loop has others to serve, and WRITE is armed; or the kernel is short of memory and a
    /// timer runs.
    /// </summary>
    Armed = 8,

    /// <summary>The loop has been asked to send.</summary>
    Posted = 16,

    /// <summary>The connection has to be told of the output's end or failure, once the lock is left.</summary>
    Unreported = 32,

    /// <summary>FIN has been sent, because reading goes on.</summary>
    FinSent = 64,

    /// <summary>The application has completed the writer with an error; the connection is being told.</summary>
    Faulted = 128,

    /// <summary>A send is under way outside of the lock. It sees to what is committed meanwhile.</summary>
    Sending = 256,
}
