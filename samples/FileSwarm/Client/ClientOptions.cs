using System.Net;

namespace FileSwarm.Client;

/// <summary>How clients are run.</summary>
/// <param name="Server">Where the server listens.</param>
/// <param name="Protocol">What carries the chunks; the server's.</param>
/// <param name="Count">How many clients.</param>
/// <param name="Folder">Where the copies go.</param>
/// <param name="Keep">Whether the copies stay.</param>
/// <param name="Window">How many chunks a client asks for at a time.</param>
/// <param name="LossPercent">The share of datagrams that they drop on purpose.</param>
/// <param name="SilenceMax">After how long a server that says nothing is given up.</param>
internal sealed record ClientOptions(
    IPEndPoint Server,
    Protocol Protocol,
    int Count,
    string Folder,
    bool Keep,
    int Window,
    double LossPercent,
    TimeSpan SilenceMax);
