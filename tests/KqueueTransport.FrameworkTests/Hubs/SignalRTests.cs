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

    // As long as a test lasts: an end that gets no core for some seconds is not one that is gone.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly EchoHub.Ends _ends = new();
    private Task _mayConnect = Task.CompletedTask;

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
        var port = FreePorts.Take(1);
        var server = await StartAsync(port);
        var client = await ConnectAsync(over, server);
        var (isStopped, isBack) = (new TaskCompletionSource(), new TaskCompletionSource());
        client.Reconnected += _ =>
        {
            isBack.TrySetResult();
            return Task.CompletedTask;
        };

        // A server that closes its hubs still listens for a moment.
        _mayConnect = isStopped.Task;
        await server.StopAsync(Deadline);
        isStopped.SetResult();
        await StartAsync(port);
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
            app => app.MapHub<EchoHub>("/hub", options => options.TransportSendTimeout = s_patience),
            builder =>
            {
                builder.Services.AddSingleton(_ends);
                builder.Services.AddConnections(options => options.DisconnectTimeout = s_patience);
                builder.Services.AddSignalR(options =>
                {
                    options.MaximumReceiveMessageSize = null;
                    options.HandshakeTimeout = s_patience;
                    options.ClientTimeoutInterval = s_patience;
                });
            });
        Own(new Stop(server, _ends, Deadline));
        return server;
    }

    private async Task<HubConnection> ConnectAsync(HttpTransportType over, KestrelHost server)
    {
        var client = Own(new HubConnectionBuilder()
            .WithUrl($"http://{server.EndPoint}/hub", over, options => options.AccessTokenProvider = async () =>
            {
                await _mayConnect.WaitAsync(Deadline);
                return null;
            })
            .WithAutomaticReconnect(new Soon())
            .WithServerTimeout(s_patience)
            .Build());
        client.HandshakeTimeout = s_patience;
        await client.StartAsync(Deadline);

        // It hears of its connection before the hub does.
        await Until.TrueAsync(() => _ends.Connected.Contains(client.ConnectionId), Deadline);
        return client;
    }

    private sealed class Soon : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext retryContext) => TimeSpan.FromMilliseconds(100);
    }

    /// <summary>
    /// Hubs end with the host's stop, which waits for them for some seconds; they must not outlive its services.
    /// </summary>
    private sealed class Stop(KestrelHost server, EchoHub.Ends ends, CancellationToken deadline) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await server.StopAsync(CancellationToken.None);
            await Until.TrueAsync(() => ends.Disconnected.Count == ends.Connected.Count, deadline);
        }
    }
}
