using System.Net;

namespace FileSwarm.Server;

/// <summary>How a file is served.</summary>
/// <param name="Path">The file.</param>
/// <param name="EndPoint">Where to listen, over TCP and UDP; port 0 picks a free one.</param>
/// <param name="Protocol">What carries the chunks.</param>
/// <param name="ClientCount">How many clients to wait for.</param>
/// <param name="ChunkBytes">The length of a chunk.</param>
/// <param name="CacheBytes">How much the server keeps of what it relays.</param>
/// <param name="LossPercent">The share of datagrams that it drops on purpose.</param>
/// <param name="SilenceMax">After how long a client that says nothing is given up.</param>
internal sealed record ServerOptions(
    string Path,
    IPEndPoint EndPoint,
    Protocol Protocol,
    int ClientCount,
    int ChunkBytes,
    long CacheBytes,
    double LossPercent,
    TimeSpan SilenceMax);
