using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>More handlers are stuck than there are threads: everybody else is served meanwhile.</summary>
public abstract class StuckTests : TransportSuite
{
    private const int MoreThanThreads = 6;
    private const int Newcomers = 12;
    private const int RequestsToBeQuick = 4;
    private const string Answer = "answer";

    // Each of three requests waits for a thread for 200 ms at most, and no loop stays with a handler: measured on two
    // cores, 0.2 s. The rest is room for a machine on which ten threads want each core; a loop that is held up does not
    // answer at all before the handlers are let go.
    private static readonly TimeSpan s_waitMax = TimeSpan.FromSeconds(30);

    private readonly int _standbyThreadsMax;
    private int _stuck;

    protected StuckTests(int loopCount, int standbyThreadsMax)
        : base(TestTransport.KqueueAdaptive.OnLoops(loopCount)
            .With(options => options.StandbyThreadsMax = standbyThreadsMax))
    {
        _standbyThreadsMax = standbyThreadsMax;
        Log.Expect("keep blocking");
    }

    // Those that are stuck are new connections, or kept ones whose handlers came back at once until then, as where a
    // database stops answering.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Newcomers_MoreHandlersAreStuckThanThereAreThreads_AreAnsweredMeanwhile(bool wereQuick)
    {
        using var release = new ManualResetEventSlim();
        var server = await ServeAsync(context => AnswerAsync(context, release));
        using var known = await ConnectAsync(server.EndPoint);
        await AskAsync(known);
        var stuck = await Task.WhenAll(Enumerable.Range(0, _standbyThreadsMax + MoreThanThreads)
            .Select(_ => GetStuckAsync(server.EndPoint, wereQuick)));
        await Until.TrueAsync(() => Volatile.Read(ref _stuck) >= _standbyThreadsMax / 2, Deadline);

        var longest = TimeSpan.Zero;
        for (var i = 0; i < Newcomers; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var newcomer = await ConnectAsync(server.EndPoint);
            await AskAsync(newcomer);
            await AskAsync(newcomer);
            await AskAsync(known);
            var elapsed = Stopwatch.GetElapsedTime(started);
            longest = elapsed > longest ? elapsed : longest;
        }

        Assert.All(stuck, connection => Assert.Equal(0, connection.Available));
        Assert.InRange(longest, TimeSpan.Zero, s_waitMax);
        release.Set();
        foreach (var connection in stuck)
        {
            Assert.Equal(Answer, (await connection.ReceiveResponseAsync()).Body);
            connection.Dispose();
        }
    }

    private async Task AnswerAsync(HttpContext context, ManualResetEventSlim release)
    {
        if (context.Request.Path == "/stuck")
        {
            Interlocked.Increment(ref _stuck);
            release.Wait(Deadline);
        }

        context.Response.ContentLength = Answer.Length;
        await context.Response.WriteAsync(Answer);
    }

    private static async Task AskAsync(RawConnection connection)
    {
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal(Answer, (await connection.ReceiveResponseAsync()).Body);
    }

    private async Task<RawConnection> GetStuckAsync(EndPoint endPoint, bool wasQuick)
    {
        var connection = await ConnectAsync(endPoint);
        for (var i = 0; i < (wasQuick ? RequestsToBeQuick : 0); i++)
        {
            await AskAsync(connection);
        }

        await connection.SendAsync("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
        return connection;
    }
}
