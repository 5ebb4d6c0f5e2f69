using System.Net;

namespace Bench.Servers;

/// <summary>How a server is started.</summary>
internal sealed record ServerSetting
{
    /// <summary>As it is by default.</summary>
    public static ServerSetting Default { get; } = new();

    /// <summary>The number of event loops; null for the server's own choice.</summary>
    public int? Loops { get; init; }

    /// <summary>Whether it has the first processor only, and the client the others.</summary>
    public bool IsOnOneProcessor { get; init; }

    /// <summary>Whether samples/Proxy is started, in front of the server in C.</summary>
    public bool IsProxy { get; init; }

    /// <summary>Where it listens.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;
}
