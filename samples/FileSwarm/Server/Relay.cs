namespace FileSwarm.Server;

/// <summary>A chunk that was asked of a client, and who waits for it.</summary>
internal sealed class Relay(int index)
{
    public int Index { get; } = index;

    /// <summary>The number of the client that was asked last; -1 before the first.</summary>
    public int Asked { get; set; } = -1;

    public List<Session> Waiting { get; } = [];
}
