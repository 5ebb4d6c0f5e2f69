namespace FileSwarm.Net;

/// <summary>
/// How messages get to a peer. Chosen at the start: one implementation for each <see cref="Protocol"/>. Loop thread
/// only.
/// </summary>
internal interface ITransport : IDisposable
{
    /// <summary>Whether so many chunks wait to be sent that no more should be added.</summary>
    bool IsCongested { get; }

    /// <summary>Sends a message the way of its kind. The bytes must stay as they are: they may be sent later.</summary>
    void Send(ReadOnlyMemory<byte> frame);
}
