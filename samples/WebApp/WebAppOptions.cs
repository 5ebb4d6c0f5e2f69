using System.Net;
using KqueueTransport;

namespace WebApp;

/// <summary>What the command line asked for; null leaves the choice to the transport.</summary>
internal sealed record WebAppOptions(
    TransportKind Transport, Scheduling? Scheduling, int? Loops, IPAddress Address, int Port)
{
    /// <summary>Raw TCP echo; 0 stays 0, so that the system picks a port for every endpoint.</summary>
    public int EchoPort => Port == 0 ? 0 : Port + 1;

    /// <summary>Raw TCP answering every request head with a fixed response.</summary>
    public int HelloPort => Port == 0 ? 0 : Port + 2;
}
