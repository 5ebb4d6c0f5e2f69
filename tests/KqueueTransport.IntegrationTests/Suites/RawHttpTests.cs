using System.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>HTTP/1.1 as no client library sends it: in pieces, in heaps, and cut off.</summary>
public abstract class RawHttpTests(TestTransport transport) : WebAppSuite(transport)
{
    private const string Plaintext = "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Request_ByteByByte_IsAnswered()
    {
        using var connection = await ConnectAsync(StartWebApp().Http);
        foreach (var letter in Plaintext)
        {
            await connection.SendAsync($"{letter}");
        }

        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(256)]
    public async Task Requests_Pipelined_AreAnsweredInOrder(int depth)
    {
        var server = await ServeAsync(async context =>
        {
            var answer = context.Request.Path.Value![1..];
            context.Response.ContentLength = answer.Length;
            await context.Response.WriteAsync(answer);
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync(
            string.Concat(Enumerable.Range(0, depth).Select(i => $"GET /{i} HTTP/1.1\r\nHost: a\r\n\r\n")));

        for (var i = 0; i < depth; i++)
        {
            Assert.Equal($"{i}", (await connection.ReceiveResponseAsync()).Body);
        }
    }

    [Fact]
    public async Task Requests_PipelinedBehindASlowOne_AreAnsweredInOrder()
    {
        var gate = new TaskCompletionSource();
        var server = await ServeAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await gate.Task;
            }

            context.Response.ContentLength = context.Request.Path.Value!.Length;
            await context.Response.WriteAsync(context.Request.Path.Value);
        });
        using var connection = await ConnectAsync(server.EndPoint);
        using var other = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        await other.SendAsync("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("/other", (await other.ReceiveResponseAsync()).Body);
        gate.SetResult();

        Assert.Equal("/slow", (await connection.ReceiveResponseAsync()).Body);
        Assert.Equal("/next", (await connection.ReceiveResponseAsync()).Body);
    }

    [Fact]
    public async Task Request_WithConnectionClose_IsAnsweredThenFin()
    {
        using var connection = await ConnectAsync(StartWebApp().Http);

        await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.EndsWith("Hello, World!", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fin_BehindAnAnsweredRequest_EndsTheConnectionWithFin()
    {
        using var connection = await ConnectAsync(StartWebApp().Http);
        await connection.SendAsync(Plaintext);
        await connection.ReceiveResponseAsync();

        connection.SendFin();

        Assert.Equal("", await connection.ReceiveToEndAsync());
    }

    [Fact]
    public async Task Fin_InTheSameSegmentAsTheRequest_EndsTheConnection()
    {
        // Kestrel may drop the answer of a client that has sent its FIN; what it may not do is keep the connection.
        var server = StartWebApp();
        for (var i = 0; i < 50; i++)
        {
            using var connection = await ConnectAsync(server.Http);
            await connection.SendAsync(Plaintext);
            connection.SendFin();
            await connection.WaitForEndAsync();
        }

        await AssertAnswersAsync(server.Http);
    }

    [Fact]
    public async Task Fin_InTheMiddleOfTheHead_EndsTheConnection()
    {
        var server = StartWebApp();
        using var connection = await ConnectAsync(server.Http);
        await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHos");

        connection.SendFin();

        await connection.WaitForEndAsync();
        await AssertAnswersAsync(server.Http);
    }

    [Fact]
    public async Task Reset_InTheMiddleOfTheHead_LeavesTheServerWell()
    {
        var server = StartWebApp();
        for (var i = 0; i < 50; i++)
        {
            using var connection = await ConnectAsync(server.Http);
            await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHos");
            connection.SendReset();
        }

        await AssertAnswersAsync(server.Http);
    }

    [Fact]
    public async Task Reset_InTheMiddleOfTheBody_FailsTheReadInTheApp()
    {
        var failure = new TaskCompletionSource<Exception>();
        var reading = new TaskCompletionSource();
        var server = await ServeAsync(async context =>
        {
            try
            {
                await context.Request.Body.ReadExactlyAsync(new byte[5]);
                reading.SetResult();
                await context.Request.Body.ReadExactlyAsync(new byte[5]);
            }
            catch (IOException e)
            {
                // Thrown on, it would be logged as the application's error until the request counts as aborted.
                failure.SetResult(e);
            }
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
        await reading.Task.WaitAsync(Deadline);
        connection.SendReset();

        Assert.IsType<ConnectionResetException>(await failure.Task.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Reset_WhileTheResponseIsWritten_AbortsTheRequest()
    {
        var aborted = new TaskCompletionSource();
        var server = await ServeAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            var block = new byte[Pattern.MiB];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(block);
            }
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await connection.ReceiveAsync(3 * Pattern.MiB);
        connection.SendReset();

        await aborted.Task.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Head_TooSlow_IsEndedByTheServer()
    {
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1);
                kestrel.Listen(IPAddress.Loopback, 0);
            },
            app => app.Run(_ => Task.CompletedTask));
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET / HTTP/1.1\r\nHos");

        Assert.StartsWith("HTTP/1.1 408", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_AlmostAsLargeAsAllowed_IsAnswered()
    {
        using var connection = await ConnectAsync(StartWebApp().Http);

        await connection.SendAsync($"GET /plaintext HTTP/1.1\r\nHost: a\r\nX: {new string('x', 30_000)}\r\n\r\n");

        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }

    [Fact]
    public async Task Request_Malformed_IsAnsweredThenEnded()
    {
        using var connection = await ConnectAsync(StartWebApp().Http);

        await connection.SendAsync("GET\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    private async Task AssertAnswersAsync(EndPoint endPoint)
    {
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync(Plaintext);
        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }
}
