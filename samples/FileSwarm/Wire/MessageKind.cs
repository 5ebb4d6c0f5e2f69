namespace FileSwarm.Wire;

/// <summary>What a message says. The numbers are part of the wire format.</summary>
internal enum MessageKind : byte
{
    /// <summary>Client: I want to take part. Index is the <see cref="Protocol"/>, argument my UDP port.</summary>
    Hello = 1,

    /// <summary>Server: you do. Index is your number, the payload is the <see cref="SwarmInfo"/>.</summary>
    Welcome = 2,

    /// <summary>Client: my share is here, I can serve others. Repeated until it is answered by START.</summary>
    Ready = 3,

    /// <summary>Server: everybody's share is out, fetch the rest.</summary>
    Start = 4,

    /// <summary>Send me chunk index. From a client, the argument is a chunk that it has got, or -1.</summary>
    Request = 5,

    /// <summary>Chunk index; the payload is its bytes.</summary>
    Chunk = 6,

    /// <summary>No. The argument is a <see cref="RefusalReason"/>.</summary>
    Refusal = 7,

    /// <summary>Client: I have the file and its hash is right. Repeated until the server ends the session.</summary>
    Done = 8,
}
