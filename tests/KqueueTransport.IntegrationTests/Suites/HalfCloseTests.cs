using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>
/// Connections whose two directions end apart, which only this transport can: a client that sends all that it has to
/// say and FIN gets its answer. One loop, so that what happens on one connection is known to be before another's.
/// </summary>
public abstract class HalfCloseTests(TestTransport transport)
    : TransportSuite(transport.With(options => options.HalfClose = true).OnLoops(1))
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task Fin_WhileTheRequestRuns_TheAnswerArrives()
    {
        var (started, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await ServeAsync(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                started.SetResult();
                await gate.Task;
            }

            await context.Response.WriteAsync($"{context.RequestAborted.IsCancellationRequested}");
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        await started.Task.WaitAsync(Deadline);

        connection.SendFin();
        await PassTheLoopAsync(server.EndPoint);
        gate.SetResult();

        Assert.Contains("False", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fin_InTheSameSegmentAsTheRequests_AllAreAnswered()
    {
        var server = await ServeAsync(async context =>
        {
            await Task.Yield();
            context.Response.ContentLength = 6;
            await context.Response.WriteAsync("answer");
        });
        for (var i = 0; i < 50; i++)
        {
            using var connection = await ConnectAsync(server.EndPoint);
            await connection.SendAsync(Request + Request + Request);
            connection.SendFin();

            Assert.Equal(3, (await connection.ReceiveToEndAsync()).Split("answer").Length - 1);
        }
    }

    [Fact]
    public async Task Reset_WhileTheRequestRuns_AbortsIt()
    {
        var (started, aborted) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await ServeAsync(async context =>
        {
            context.RequestAborted.Register(aborted.SetResult);
            started.SetResult();
            await aborted.Task;
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Request);
        await started.Task.WaitAsync(Deadline);

        connection.SendReset();

        await aborted.Task.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Fin_OfAnIdleClient_EndsTheConnection()
    {
        var server = await ServeAsync(context => context.Response.WriteAsync("answer"));
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Request);
        await connection.ReceiveHeadAsync();

        connection.SendFin();

        await connection.ReceiveToEndAsync();
    }

    [Fact]
    public async Task Handler_CompletesItsOutput_GoesOnReading()
    {
        var read = new TaskCompletionSource<string>();
        using var connection = await ConnectAsync(await HandleAsync(async context =>
        {
            await context.Transport.Output.WriteAsync("all that I say"u8.ToArray());
            await context.Transport.Output.CompleteAsync();
            var all = new StringBuilder();
            ReadOnlySequence<byte> rest;
            do
            {
                var result = await context.Transport.Input.ReadAsync();
                rest = result.Buffer;
                all.Append(Encoding.ASCII.GetString(rest));
                context.Transport.Input.AdvanceTo(rest.End);
            }
            while (!rest.IsEmpty);

            read.SetResult(all.ToString());
        }));
        Assert.Equal("all that I say", await connection.ReceiveToEndAsync());

        await connection.SendAsync("but I");
        await connection.SendAsync(" have more");
        connection.SendFin();

        Assert.Equal("but I have more", await read.Task.WaitAsync(Deadline));
    }

    [Fact]
    public async Task Nc_SendsRequestAndFin_PrintsTheAnswer()
    {
        var nc = Tool.Require("nc", "netcat-openbsd");
        var server = await ServeAsync(async context =>
        {
            await Task.Delay(20);
            await context.Response.WriteAsync("answer");
        });

        var port = server.EndPoint.Port.ToString(CultureInfo.InvariantCulture);
        var printed = await nc.RunAsync(
            ["-N", "127.0.0.1", port], "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", Deadline);

        Assert.Contains("answer", printed, StringComparison.Ordinal);
    }

    /// <summary>Does something on the only loop, which has by then dispatched what came before it.</summary>
    private async Task PassTheLoopAsync(EndPoint endPoint)
    {
        using var other = await ConnectAsync(endPoint);
        for (var i = 0; i < 2; i++)
        {
            await other.SendAsync(Request);
            await other.ReceiveHeadAsync();
        }
    }
}
