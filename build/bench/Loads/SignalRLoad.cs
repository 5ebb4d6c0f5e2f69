using Bench.Tools;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;

namespace Bench.Loads;

/// <summary>Calls of a SignalR hub that returns its argument, by its .NET client over WebSockets.</summary>
/// <param name="Connections">How many connections.</param>
/// <param name="Address">The hub's.</param>
internal sealed record SignalRLoad(int Connections, Uri Address) : ClientLoad(Connections)
{
    private const string Text = "A message of thirty-two letters.";

    protected override async Task<IEchoClient> ConnectAsync(int number, CancellationToken cancellation)
    {
        var hub = new HubConnectionBuilder()
            .WithUrl(Address, HttpTransportType.WebSockets, options => options.SkipNegotiation = true)
            .Build();
        await hub.StartAsync(cancellation);
        return new Client(hub);
    }

    private sealed class Client(HubConnection hub) : IEchoClient
    {
        public async Task EchoAsync(CancellationToken cancellation)
        {
            var echo = await hub.InvokeAsync<string>("Echo", Text, cancellation);
            if (echo != Text)
            {
                throw new ToolException($"'{echo}' came back.");
            }
        }

        public ValueTask DisposeAsync() => hub.DisposeAsync();
    }
}
