using System.Diagnostics;
using KqueueTransport.IntegrationTests.Net;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>Handlers that block on what only their own loop can bring: deadlocks, if it stayed with them.</summary>
public abstract class BlockingTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task Handler_BlocksOnItsOwnBody_GetsItInPieces()
    {
        const int Pieces = 20;
        const int PieceBytes = 1000;
        var reads = 0;
        var server = await ServeAsync(context =>
        {
            var body = new byte[Pieces * PieceBytes];
            for (var at = 0; at < body.Length; at += PieceBytes)
            {
                context.Request.Body.ReadExactlyAsync(body.AsMemory(at, PieceBytes)).AsTask().GetAwaiter().GetResult();
                Interlocked.Increment(ref reads);
            }

            return context.Response.WriteAsync(Upload.AnswerFor(body));
        });
        using var connection = await ConnectAsync(server.EndPoint);
        var body = Pattern.OneMiB.AsMemory(0, Pieces * PieceBytes);

        await connection.SendAsync(
            $"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n");
        for (var i = 0; i < Pieces; i++)
        {
            // The handler is, or is about to be, blocked on a piece that is not sent yet.
            await Until.TrueAsync(() => Volatile.Read(ref reads) == i, Deadline);
            await connection.SendAsync(body.Slice(i * PieceBytes, PieceBytes));
        }

        Assert.Contains(Upload.AnswerFor(body.Span), await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handlers_BlockUntilAllOthersAreThere_AreAllAnswered()
    {
        const int Count = 4;
        using var barrier = new Barrier(Count);
        var server = await ServeAsync(context =>
        {
            barrier.SignalAndWait(Deadline);
            return context.Response.WriteAsync("met");
        });
        using var client = Http.ClientFor(server.EndPoint);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, Count).Select(_ => client.GetStringAsync("/", Deadline)));

        Assert.All(answers, answer => Assert.Equal("met", answer));
    }

    [Fact]
    public async Task Handler_BlocksOnARequestToItsOwnServer_IsAnswered()
    {
        HttpClient? client = null;
        var server = await ServeAsync(context =>
        {
            var depth = int.Parse(context.Request.Path.Value!.AsSpan(1), null);
            var below = depth == 0 ? "" : client!.GetStringAsync($"/{depth - 1}", Deadline).GetAwaiter().GetResult();
            return context.Response.WriteAsync($"{depth}{below}");
        });
        using (client = Http.ClientFor(server.EndPoint))
        {
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(_ => client.GetStringAsync("/3", Deadline)));

            Assert.All(answers, answer => Assert.Equal("3210", answer));
        }
    }

    [Fact]
    public async Task Handler_HoldsALockAndBlocks_OthersWaitForTheLockOnly()
    {
        const int Waiters = 8;
        var gate = new Lock();
        using var release = new ManualResetEventSlim();
        var entered = 0;
        var server = await ServeAsync(context =>
        {
            if (context.Request.Path == "/locked")
            {
                Interlocked.Increment(ref entered);
                lock (gate)
                {
                    release.Wait(Deadline);
                }
            }

            return context.Response.WriteAsync("answer");
        });
        using var client = Http.ClientFor(server.EndPoint);

        var locked = Enumerable.Range(0, Waiters).Select(_ => client.GetStringAsync("/locked", Deadline)).ToArray();
        await Until.TrueAsync(() => Volatile.Read(ref entered) == Waiters, Deadline);
        Assert.Equal("answer", await client.GetStringAsync("/free", Deadline));
        Assert.All(locked, answer => Assert.False(answer.IsCompleted));
        release.Set();

        Assert.All(await Task.WhenAll(locked), answer => Assert.Equal("answer", answer));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(20_000)]
    public async Task Handler_FlushesThenBlocks_ItsBytesArriveMeanwhile(int count)
    {
        using var release = new ManualResetEventSlim();
        var server = await ServeAsync(async context =>
        {
            context.Response.ContentLength = count + 1;
            await context.Response.Body.WriteAsync(Pattern.OneMiB.AsMemory(0, count));
            await context.Response.Body.FlushAsync();
            release.Wait(Deadline);
            await context.Response.Body.WriteAsync("!"u8.ToArray());
        });
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        await connection.ReceiveHeadAsync();
        Assert.Equal(Pattern.OneMiB[..count], await connection.ReceiveAsync(count));
        release.Set();
        Assert.Equal("!", await connection.ReceiveToEndAsync());
    }

    // The watch sends what was put off when it takes the loop: after one or two of its periods of 2 ms. The best of
    // some tries tells that from a machine that is just busy, and each has a connection that has not blocked before.
    [Fact]
    public async Task Handler_FlushesThenBlocks_ItsBytesArriveWithinTwoPeriods()
    {
        const int TriesMax = 200;
        var twoPeriods = TimeSpan.FromMilliseconds(6);
        using var release = new SemaphoreSlim(0);
        var server = await ServeAsync(async context =>
        {
            await context.Response.Body.WriteAsync("x"u8.ToArray());
            await context.Response.Body.FlushAsync();
            release.Wait(Deadline);
        });
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < TriesMax && best > twoPeriods; i++)
        {
            using var connection = await ConnectAsync(server.EndPoint);
            var started = Stopwatch.GetTimestamp();
            await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await connection.ReceiveHeadAsync();
            var elapsed = Stopwatch.GetElapsedTime(started);
            best = elapsed < best ? elapsed : best;
            release.Release();

            // Handlers that block more than 64 times a second are kept off the loops.
            await Task.Delay(20, Deadline);
        }

        Assert.InRange(best, TimeSpan.Zero, twoPeriods);
    }

    [Fact]
    public async Task Stop_HandlersBlockForEver_EndsAllTheSame()
    {
        const int Count = 3;
        using var release = new ManualResetEventSlim();
        var blocked = 0;
        var server = await ServeAsync(_ =>
        {
            Interlocked.Increment(ref blocked);
            release.Wait(CancellationToken.None);
            return Task.CompletedTask;
        });
        using var client = Http.ClientFor(server.EndPoint);
        var answers = Enumerable.Range(0, Count).Select(_ => client.GetAsync("/", Deadline)).ToArray();
        await Until.TrueAsync(() => Volatile.Read(ref blocked) == Count, Deadline);

        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
            await server.StopAsync(patience.Token).WaitAsync(Deadline);
            await server.DisposeAsync().AsTask().WaitAsync(Deadline);
        }
        finally
        {
            release.Set();
        }

        foreach (var answer in answers)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => answer);
        }
    }
}
