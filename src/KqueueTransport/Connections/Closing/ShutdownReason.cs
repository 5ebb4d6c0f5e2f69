namespace KqueueTransport.Connections.Closing;

/// <summary>Why a connection ended. Only the first cause is kept.</summary>
internal enum ShutdownReason : byte
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>The application completed its output and all of it was sent.</summary>
    OutputCompleted,

    /// <summary>The application asked for an end without giving an error.</summary>
    Closed,

    /// <summary>The application aborted, or completed its output with an error.</summary>
    Aborted,

    /// <summary>The peer reset the connection.</summary>
    PeerReset,

    /// <summary>A receive or a send failed for another reason. The last, up to which ends are counted.</summary>
    Failed,
}
