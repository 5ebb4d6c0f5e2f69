using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace KqueueTransport.FrameworkTests.Outbound;

/// <summary>StackExchange.Redis, which takes a stream from elsewhere, against a real server.</summary>
public abstract class RedisTests(TestTransport transport) : TransportSuite(transport)
{
    private const int TimeoutMs = 30_000;

    [Fact]
    public async Task Values_OfManySizes_ComeBack()
    {
        var redis = (await ConnectAsync(await StartAsync())).GetDatabase();

        foreach (var length in (int[])[0, 1, 4096, 100_000, Pattern.MiB])
        {
            Assert.True(await redis.StringSetAsync("value", Pattern.OneMiB[..length]));
            Assert.Equal(Pattern.OneMiB[..length], (byte[]?)await redis.StringGetAsync("value"));
        }
    }

    [Fact]
    public async Task Commands_ManyAtOnce_EachGetsItsOwnAnswer()
    {
        var redis = (await ConnectAsync(await StartAsync())).GetDatabase();

        var sums = await Task.WhenAll(
            Enumerable.Range(0, 5000).Select(i => redis.HashIncrementAsync("sums", i % 50, i)));

        // The last answer for each field is the sum of what it was given.
        for (var field = 0; field < 50; field++)
        {
            Assert.Equal(Enumerable.Range(0, 100).Sum(i => (i * 50) + field), sums[^(50 - field)]);
        }
    }

    [Fact]
    public async Task Commands_FromManyThreadsThatBlock_AreAnswered()
    {
        var redis = (await ConnectAsync(await StartAsync())).GetDatabase();

        var threads = Enumerable.Range(0, 8).Select(thread => Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < 200; i++)
                {
                    redis.StringIncrement($"count {thread}");
                }

                return (long)redis.StringGet($"count {thread}");
            },
            Deadline,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default));

        Assert.All(await Task.WhenAll(threads), count => Assert.Equal(200, count));
    }

    [Fact]
    public async Task Subscribers_Many_HearEveryMessage()
    {
        var server = await StartAsync();
        var heard = new int[10];
        for (var i = 0; i < heard.Length; i++)
        {
            var subscriber = i;
            await (await ConnectAsync(server)).GetSubscriber().SubscribeAsync(
                RedisChannel.Literal("news"), (_, _) => Interlocked.Increment(ref heard[subscriber]));
        }

        var publisher = (await ConnectAsync(server)).GetSubscriber();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(heard.Length, await publisher.PublishAsync(RedisChannel.Literal("news"), i));
        }

        await Until.TrueAsync(() => heard.All(count => count == 100), Deadline);
    }

    [Fact]
    public async Task Server_IsRestarted_TheClientComesBackByItself()
    {
        var server = await StartAsync();
        var redis = (await ConnectAsync(server)).GetDatabase();
        await redis.PingAsync();

        server.Program.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        await server.Program.WaitForEndAsync(Deadline);
        await StartAsync(server.Port);

        await Until.TrueAsync(() => AnswersAsync(redis), Deadline);
    }

    [Fact]
    public async Task Server_NobodyListens_IsAnError()
    {
        var options = Options(FreePorts.Take(1));
        options.AbortOnConnectFail = true;

        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(options));
    }

    private static async Task<bool> AnswersAsync(IDatabase redis)
    {
        try
        {
            await redis.PingAsync();
            return true;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<(RunningProgram Program, int Port)> StartAsync(int? port = null)
    {
        var path = Tool.Require("redis-server", "redis-server").Path;
        var taken = port ?? FreePorts.Take(1);
        var redis = Own(RunningProgram.Start(path, ["--port", $"{taken}", "--bind", "127.0.0.1", "--save", ""]));
        await redis.ReadLineWithAsync("eady to accept connections", Deadline);
        return (redis, taken);
    }

    private async Task<ConnectionMultiplexer> ConnectAsync((RunningProgram Program, int Port) server) =>
        Own(await ConnectionMultiplexer.ConnectAsync(Options(server.Port)));

    private ConfigurationOptions Options(int port) => new()
    {
        EndPoints = { new IPEndPoint(IPAddress.Loopback, port) },
        AbortOnConnectFail = false,
        ConnectTimeout = TimeoutMs,
        SyncTimeout = TimeoutMs,
        AsyncTimeout = TimeoutMs,
        ReconnectRetryPolicy = new LinearRetry(100),
        Tunnel = Transport.IsSockets ? null : NewTunnel(),
    };

    private FactoryTunnel NewTunnel()
    {
        var factory = Transport.NewConnectionFactory();
        OwnSynchronous(factory);
        return new FactoryTunnel(factory);
    }

    /// <summary>The client makes no socket, and its stream is a connection of the factory.</summary>
    private sealed class FactoryTunnel(KqueueConnectionFactory factory) : Tunnel
    {
        public override ValueTask<EndPoint?> GetSocketConnectEndpointAsync(
            EndPoint endpoint, CancellationToken cancellationToken) => ValueTask.FromResult<EndPoint?>(null);

        public override async ValueTask<Stream?> BeforeAuthenticateAsync(
            EndPoint endpoint, ConnectionType connectionType, Socket? socket, CancellationToken cancellationToken) =>
            await factory.ConnectStreamAsync(endpoint, cancellationToken);
    }
}
