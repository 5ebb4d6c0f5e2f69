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

    /// <summary>Nothing is sent any more: a send has failed, or the connection ends. Writes are dropped.</summary>
    Dead = 16,

    /// <summary>The connection ends. Who sends at this moment closes the descriptor.</summary>
    Ended = 32,
}
