using Microsoft.AspNetCore.SignalR;

namespace BenchServer;

/// <summary>A SignalR hub that returns what it is given.</summary>
internal sealed class EchoHub : Hub
{
#pragma warning disable CA1822 // SignalR takes no static methods.
    public string Echo(string text) => text;
#pragma warning restore CA1822
}
