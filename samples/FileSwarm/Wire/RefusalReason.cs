namespace FileSwarm.Wire;

/// <summary>Why a message is refused. The numbers are part of the wire format.</summary>
internal enum RefusalReason
{
    /// <summary>All clients that the server waits for are there.</summary>
    Full = 1,

    /// <summary>The server sends its chunks by the other protocol.</summary>
    WrongProtocol = 2,

    /// <summary>The file has no chunk of that index.</summary>
    OutOfRange = 3,

    /// <summary>The client that was asked does not have the chunk.</summary>
    NotHeld = 4,
}
