using KqueueTransport.Connections;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Servers;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>One side that does not keep up: nothing is lost, nothing piles up, and the others do not notice.</summary>
public abstract class BackpressureTests(TestTransport transport) : WebAppSuite(transport)
{
    // More than the socket buffers of both sides and the pipes take together, less than Kestrel allows for a body.
    private const int LargeMiB = 24;

    private static readonly byte[] s_more = new byte[LargeMiB * Pattern.MiB];

    [Fact]
    public async Task Reader_Slow_GetsEveryByteAndOthersAreServed()
    {
        var server = StartWebApp();
        using var client = Http.ClientFor(server.Http);
        using var slow = await ConnectAsync(server.Http);

        await slow.SendAsync($"GET /big?mib={LargeMiB} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
        }

        await slow.ReceiveHeadAsync();
        await using var expected = new PatternStream(LargeMiB * Pattern.MiB, canSeek: true);
        Assert.True(await StreamsEqual.CompareAsync(expected, slow.Stream, Deadline));
    }

    [Fact]
    public async Task Reader_DoesNotRead_StopsTheWriter()
    {
        var written = 0L;
        var server = await ServeAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(Pattern.OneMiB, context.RequestAborted);
                Interlocked.Increment(ref written);
            }
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await Until.StableAsync(() => Interlocked.Read(ref written), Deadline);

        // The buffers of the kernel (up to some MiB on each side) and of the pipe are all that may be filled.
        Assert.InRange(Interlocked.Read(ref written), 0, LargeMiB);
    }

    [Fact]
    public async Task App_DoesNotRead_StopsTheClientThenGetsEveryByte()
    {
        var gate = new TaskCompletionSource();
        var server = await ServeAsync(async context =>
        {
            await gate.Task;
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.WriteAsync(Upload.AnswerFor(body.GetBuffer().AsSpan(0, (int)body.Length)));
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(
            $"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {s_more.Length}\r\n\r\n");

        var sending = connection.SendAsync(s_more);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAsync<TaskCanceledException>(() => sending.WaitAsync(patience.Token));
        gate.SetResult();
        await sending;

        Assert.Contains(Upload.AnswerFor(s_more), await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writer_Slow_IsAnsweredInTheEnd()
    {
        const int Pieces = 200;
        using var connection = await ConnectAsync(StartWebApp().Http);
        await connection.SendAsync($"POST /upload?hash=true HTTP/1.1\r\nHost: a\r\nContent-Length: {Pieces * 100}\r\n");
        await connection.SendAsync("Connection: close\r\n\r\n");
        for (var i = 0; i < Pieces; i++)
        {
            await connection.SendAsync(Pattern.OneMiB.AsMemory(i * 100, 100));
            await Task.Delay(1, Deadline);
        }

        var answer = await connection.ReceiveToEndAsync();

        Assert.Contains(
            Upload.AnswerFor(Pattern.OneMiB.AsSpan(0, Pieces * 100)), answer, StringComparison.Ordinal);
    }
}
