using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.IntegrationTests.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Stopping with work in hand, and starting again in the same place.</summary>
public abstract class ShutdownTests(TestTransport transport) : TransportSuite(transport)
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Stop_RequestInFlight_IsAnsweredFirst()
    {
        var (started, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await ServeAsync(async context =>
        {
            started.SetResult();
            await gate.Task;
            await context.Response.WriteAsync("late but whole");
        });
        using var client = Http.ClientFor(server.EndPoint);

        var answer = client.GetStringAsync("/", Deadline);
        await started.Task.WaitAsync(Deadline);
        var stopping = server.StopAsync(Deadline);
        gate.SetResult();

        Assert.Equal("late but whole", await answer);
        await stopping;
    }

    [Fact]
    public async Task Stop_IdleConnections_AreEnded()
    {
        var server = await ServeAsync(_ => Task.CompletedTask);
        using var fresh = await ConnectAsync(server.EndPoint);
        using var used = await ConnectAsync(server.EndPoint);
        await used.SendAsync(Request);
        await used.ReceiveResponseAsync();

        await server.StopAsync(Deadline);

        await used.WaitForEndAsync();
        await fresh.WaitForEndAsync();
    }

    [Fact]
    public async Task Stop_UpgradedConnection_GoesOnUntilTheAppEndsIt()
    {
        var server = await ServeAsync(async context =>
        {
            var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await stream.WriteAsync("a"u8.ToArray());
            var question = new byte[1];
            await stream.ReadExactlyAsync(question);
            await stream.WriteAsync(question);
        });
        using var idle = await ConnectAsync(server.EndPoint);
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n");
        await connection.ReceiveHeadAsync();
        await connection.ReceiveAsync(1);

        var stopping = server.StopAsync(Deadline);
        await idle.WaitForEndAsync();
        await connection.SendAsync("b");

        Assert.Equal("b", await connection.ReceiveToEndAsync());
        await stopping;
    }

    [Fact]
    public async Task Stop_HandlerDoesNotReturn_AbortsItsConnection()
    {
        var started = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        var server = await ServeAsync(async _ =>
        {
            started.SetResult();
            await gate.Task;
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Request);
        await started.Task.WaitAsync(Deadline);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        var stopping = server.StopAsync(patience.Token);

        await connection.WaitForEndAsync();
        gate.SetResult();
        await stopping.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Stop_Done_RefusesNewConnections()
    {
        var server = await ServeAsync(_ => Task.CompletedTask);
        var endPoint = server.EndPoint;

        await server.StopAsync(Deadline);

        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(endPoint));
    }

    [Fact]
    public async Task Stop_UnderLoad_EndsInTime()
    {
        var server = await ServeAsync(context => context.Response.WriteAsync("answer"));
        using var client = Http.ClientFor(server.EndPoint);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Deadline);
        var answered = 0;
        var load = Enumerable.Range(0, 16).Select(_ => AskUntilRefusedAsync(client, () => answered++)).ToArray();
        await Until.TrueAsync(() => answered > 100, Deadline);

        await server.StopAsync(Deadline);

        await Task.WhenAll(load).WaitAsync(Deadline);
    }

    // Goal: a stop loses no answer. Method: clients that keep their connections ask for one thing after the other until
    // they are refused; what a handler has begun with has to have come whole. Each question is asked by its own name.
    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task Stop_UnderLoadOfKeptConnections_AnswersWhatHasBegun(string scheme)
    {
        var (begun, answered) = (new ConcurrentDictionary<string, bool>(), new ConcurrentDictionary<string, bool>());
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (scheme == "https")
                {
                    listen.UseHttps(SelfSignedCertificate.Instance);
                }
            }),
            app => app.Run(async context =>
            {
                begun[context.Request.Path] = true;
                await Task.Yield();
                await context.Response.WriteAsync(context.Request.Path);
            }));
        var load = Enumerable.Range(0, 16).Select(async number =>
        {
            using var client = Http.ClientFor(server.EndPoint, scheme);
            try
            {
                for (var i = 0; ; i++)
                {
                    var question = $"/{number}/{i}";
                    answered[await client.GetStringAsync(question, Deadline)] = true;
                }
            }
            catch (HttpRequestException)
            {
                // Stopped.
            }
        }).ToArray();
        await Until.TrueAsync(() => answered.Count > 500, Deadline);

        await server.StopAsync(Deadline);

        await Task.WhenAll(load).WaitAsync(Deadline);
        Assert.Empty(begun.Keys.Except(answered.Keys));
    }

    // Goal: nobody who connects around the stop is left hanging. Method: clients that connect, ask and read to the end
    // again and again, until they are refused; a connection that hangs hangs the test.
    [Fact]
    public async Task Stop_DuringAnAcceptStorm_EveryConnectionEnds()
    {
        var server = await ServeAsync(context => context.Response.WriteAsync("answer"));
        var endPoint = server.EndPoint;
        var answered = 0;
        var storm = Enumerable.Range(0, 16)
            .Select(_ => ConnectUntilRefusedAsync(endPoint, () => Interlocked.Increment(ref answered))).ToArray();
        await Until.TrueAsync(() => Volatile.Read(ref answered) > 200, Deadline);

        await server.StopAsync(Deadline);

        await Task.WhenAll(storm).WaitAsync(Deadline);
    }

    [Fact]
    public async Task Stop_OneOfSeveralServersInTheProcess_LeavesTheOthers()
    {
        KestrelHost[] servers =
        [
            await ServeAsync(context => context.Response.WriteAsync("first")),
            await ServeAsync(context => context.Response.WriteAsync("second")),
            await ServeAsync(context => context.Response.WriteAsync("third")),
        ];

        await servers[1].DisposeAsync();

        using var first = Http.ClientFor(servers[0].EndPoint);
        using var third = Http.ClientFor(servers[2].EndPoint);
        Assert.Equal("first", await first.GetStringAsync("/", Deadline));
        Assert.Equal("third", await third.GetStringAsync("/", Deadline));
    }

    [Fact]
    public async Task Start_AfterStop_TakesTheSamePort()
    {
        var first = await ServeAsync(context => context.Response.WriteAsync("first"));
        var endPoint = first.EndPoint;
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync(Request);
        await first.DisposeAsync();

        await StartKestrelAsync(
            kestrel => kestrel.Listen(endPoint), app => app.Run(context => context.Response.WriteAsync("second")));

        using var client = Http.ClientFor(endPoint);
        Assert.Equal("second", await client.GetStringAsync("/", Deadline));
    }

    [Fact]
    public async Task StartAndStop_ManyTimes_LeavesNoDescriptor()
    {
        Assert.SkipUnless(OpenDescriptors.CanBeCounted, "This system does not show a process its open descriptors.");
        await StartAskStopAsync();
        var before = OpenDescriptors.Count();
        for (var i = 0; i < 20; i++)
        {
            await StartAskStopAsync();
        }

        // A few of the runtime's own come and go.
        await Until.TrueAsync(() => OpenDescriptors.Count() < before + 10, Deadline);
    }

    private async Task StartAskStopAsync()
    {
        await using var server = await ServeAsync(context => context.Response.WriteAsync("answer"));
        using var client = Http.ClientFor(server.EndPoint);
        Assert.Equal("answer", await client.GetStringAsync("/", Deadline));
        await server.StopAsync(Deadline);
    }

    private async Task ConnectUntilRefusedAsync(IPEndPoint endPoint, Action answered)
    {
        try
        {
            while (true)
            {
                using var connection = await ConnectAsync(endPoint);
                await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
                await connection.ReceiveToEndAsync();
                answered();
            }
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // Refused, or reset because the server stopped before it took the connection.
        }
    }

    private async Task AskUntilRefusedAsync(HttpClient client, Action answered)
    {
        try
        {
            while (true)
            {
                Assert.Equal("answer", await client.GetStringAsync("/", Deadline));
                answered();
            }
        }
        catch (HttpRequestException)
        {
            // Stopped.
        }
    }
}
