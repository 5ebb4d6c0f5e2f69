namespace FileSwarm.Net;

/// <summary>One way to a peer. Loop thread only.</summary>
internal interface ILink
{
    /// <summary>Whether so much waits to be sent that the peer had better not be given more.</summary>
    bool IsCongested { get; }

    /// <summary>Sends a message. The bytes must stay as they are: they may be sent later.</summary>
    void Send(ReadOnlyMemory<byte> frame);
}
