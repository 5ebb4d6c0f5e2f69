using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace KqueueTransport.FrameworkTests.Hubs;

/// <summary>SignalR with its .NET client, over each of its own transports.</summary>
public abstract class SignalRTests(TestTransport transport) : TransportSuite(transport)
{
    private const int Listeners = 500;

    private readonly EchoHub.Ends _ends = new();

    public static TheoryData<HttpTransportType> Transports =>
        [HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Invoke_TextsOfManySizes_ComeBack(HttpTransportType over)
    {
        var client = await ConnectAsync(over, await StartAsync());

        foreach (var length in (int[])[0, 1, 4096, 300_000])
        {
            var text = new string('ä', length);
            Assert.Equal(text, await client.InvokeAsync<string>(nameof(EchoHub.Echo), text, Deadline));
        }
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Invoke_AHundredAtOnce_EachGetsItsOwnAnswer(HttpTransportType over)
    {
        var client = await ConnectAsync(over, await StartAsync());

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            i => client.InvokeAsync<string>(nameof(EchoHub.Echo), $"{i}", Deadline)));

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), answers);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Stream_FromTheServer_ArrivesInOrder(HttpTransportType over)
    {
        var client = await ConnectAsync(over, await StartAsync());

        var numbers = await client.StreamAsync<int>(nameof(EchoHub.Count), 1000, Deadline).ToListAsync(Deadline);

        Assert.Equal(Enumerable.Range(0, 1000), numbers);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Stream_FromTheClient_ArrivesWhole(HttpTransportType over)
    {
        var client = await ConnectAsync(over, await StartAsync());

        var numbers = Enumerable.Range(0, 500).ToAsyncEnumerable();

        Assert.Equal(124_750, await client.InvokeAsync<long>(nameof(EchoHub.Sum), numbers, Deadline));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Client_Stops_TheHubKnows(HttpTransportType over)
    {
        var client = await ConnectAsync(over, await StartAsync());
        var id = client.ConnectionId;

        await client.StopAsync(Deadline);

        await Until.TrueAsync(() => _ends.Disconnected.Contains(id), Deadline);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Server_IsRestarted_TheClientComesBackByItself(HttpTransportType over)
    {
        var server = await StartAsync();
        var client = await ConnectAsync(over, server);
        var isBack = new TaskCompletionSource();
        client.Reconnected += _ =>
        {
            isBack.TrySetResult();
            return Task.CompletedTask;
        };

        await server.StopAsync(Deadline);
        await StartAsync(server.EndPoint.Port);
        await isBack.Task.WaitAsync(Deadline);

        Assert.Equal("again", await client.InvokeAsync<string>(nameof(EchoHub.Echo), "again", Deadline));
    }

    [Fact]
    public async Task Broadcast_ToFiveHundred_ReachesEachOnce()
    {
        var server = await StartAsync();
        var heard = new int[Listeners];
        var clients = await Task.WhenAll(
            Enumerable.Range(0, Listeners).Select(_ => ConnectAsync(HttpTransportType.WebSockets, server)));
        for (var i = 0; i < Listeners; i++)
        {
            var listener = i;
            clients[i].On<string>("heard", _ => Interlocked.Increment(ref heard[listener]));
        }

        await clients[0].InvokeAsync(nameof(EchoHub.Broadcast), "to all", Deadline);
        await clients[^1].InvokeAsync(nameof(EchoHub.Broadcast), "to all again", Deadline);

        await Until.TrueAsync(() => heard.All(count => count >= 2), Deadline);
        await Task.WhenAll(clients.Select(client => client.StopAsync(Deadline)));
        Assert.All(heard, count => Assert.Equal(2, count));
    }

    private async Task<KestrelHost> StartAsync(int port = 0)
    {
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, port),
            app => app.MapHub<EchoHub>("/hub"),
            builder =>
            {
                builder.Services.AddSingleton(_ends);
                builder.Services.AddSignalR(options => options.MaximumReceiveMessageSize = null);
            });
        Own(new Stop(server));
        return server;
    }

    private async Task<HubConnection> ConnectAsync(HttpTransportType over, KestrelHost server)
    {
        var client = Own(new HubConnectionBuilder()
            .WithUrl($"http://{server.EndPoint}/hub", over)
            .WithAutomaticReconnect(new Soon())
            .Build());
        await client.StartAsync(Deadline);
        return client;
    }

    private sealed class Soon : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromMilliseconds(100);
    }

    /// <summary>Hubs end with the host's stop; without one they would outlive its services.</summary>
    private sealed class Stop(KestrelHost server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await server.StopAsync(CancellationToken.None);
    }
}
