namespace KqueueTransport.Connections.Output;

/// <summary>What has happened to a <see cref="ConnectionWriter"/>, under its lock.</summary>
[Flags]
internal enum WriterFlags : byte
{
    None = 0,

    /// <summary>The pending flush, or the next one, is canceled, and no result has said so yet.</summary>
    Canceled = 1,

    /// <summary>The application has completed the writer.</summary>
    Completed = 2,

    /// <summary>The application has completed the writer with an error; the connection is being told.</summary>
    Faulted = 4,

    /// <summary>FIN has been sent, because reading goes on.</summary>
    FinSent = 8,

    /// <summary>The connection has to be told of the output's end or failure, once the lock is left.</summary>
    Unreported = 16,

    /// <summary>Nothing is sent any more: a send has failed, or the connection ends. Writes are dropped.</summary>
    Dead = 32,

    /// <summary>The connection ends. Who sends at this moment closes the descriptor.</summary>
    Ended = 64,
}
