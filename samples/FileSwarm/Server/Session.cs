using FileSwarm.Net;

namespace FileSwarm.Server;

/// <summary>A client that has joined, as the server sees it. Loop thread only.</summary>
internal sealed class Session(int number, ITransport transport, long now)
{
    /// <summary>From 0 on, in the order of joining; a number is never used again.</summary>
    public int Number { get; } = number;

    public ITransport Transport { get; } = transport;

    public SessionState State { get; set; }

    /// <summary>When the last message came, in the clock's ticks.</summary>
    public long LastHeard { get; set; } = now;

    public override string ToString() => $"client #{Number + 1}";
}
