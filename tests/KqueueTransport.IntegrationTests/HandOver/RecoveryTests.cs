using System.Diagnostics;
using Kqueue.EventLoops;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.HandOver;

/// <summary>Much blocking: it is bounded, answered, said once, and passes.</summary>
public abstract class RecoveryTests : TransportSuite
{
    private const string Warning = "keep blocking";
    private const int StandbyThreadsMax = 256;

    // A machine that is busy with something else has bad moments. Handlers that stay away have no good ones.
    private const int ObservationsMax = 4;
    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_busyTime = TimeSpan.FromSeconds(2);

    private readonly int _loopCount;

    protected RecoveryTests(int loopCount)
        : base(TestTransport.KqueueAdaptive.OnLoops(loopCount)) => _loopCount = loopCount;

    [Fact]
    public async Task Threads_TwoHundredConnectionsBlock_StayBoundedAndComeBackToTheLoop()
    {
        const int Connections = 200;
        Assert.SkipUnless(KqueueThreads.CanBeSeen, "This system does not show a process its threads.");
        Log.Expect(Warning);
        var server = await ServeAsync(AnswerAsync);
        using var isOver = new CancellationTokenSource();
        var most = OwnThread.RunAsync(() => MostLoopThreads(isOver.Token));
        var connections = await Task.WhenAll(
            Enumerable.Range(0, Connections).Select(_ => ConnectAsync(server.EndPoint)));

        var recovery = await BlockAndRecoverAsync(connections);
        for (var i = 1; i < ObservationsMax && recovery > s_recovery; i++)
        {
            recovery = await BlockAndRecoverAsync(connections);
        }

        await isOver.CancelAsync();
        Assert.InRange(recovery, TimeSpan.Zero, s_recovery);
        Assert.InRange(await most, _loopCount + 1, (2 * _loopCount) + StandbyThreadsMax);
        Array.ForEach(connections, connection => connection.Dispose());
    }

    [Fact]
    public async Task Listener_HandlersBlockTooOften_LeavesTheLoopsSaysSoOnceAndComesBack()
    {
        const int Blocking = 40;
        Log.Expect(Warning);
        var server = await ServeAsync(AnswerAsync);

        // Says where the handlers of newcomers are.
        await AskUntilAsync("standby", isBlocking: true);
        await AskUntilAsync("loop", isBlocking: false);
        await AskUntilAsync("standby", isBlocking: true);
        await AskUntilAsync("loop", isBlocking: false);

        // It is said on the thread pool, in its own time.
        await Until.TrueAsync(() => Log.Count(Warning) > 0, Deadline);
        Assert.Equal(1, Log.Count(Warning));
        Assert.Equal(1, Log.Count($"Handlers of {server.EndPoint} {Warning}"));

        async Task AskUntilAsync(string place, bool isBlocking)
        {
            do
            {
                Deadline.ThrowIfCancellationRequested();
                await Task.WhenAll(Enumerable.Range(0, isBlocking ? Blocking : 0).Select(_ => BlockOnceAsync()));
            }
            while (await AskAsNewcomerAsync() != place);
        }

        async Task<string> AskAsNewcomerAsync()
        {
            using var connection = await ConnectAsync(server.EndPoint);
            return await AskAsync(connection, "/");
        }

        // A connection that has blocked before keeps off the loop by itself, so each request has its own.
        async Task BlockOnceAsync()
        {
            using var connection = await ConnectAsync(server.EndPoint);
            await AskAsync(connection, "/block?ms=50");
        }
    }

    // Goal: a thread that is set aside for others does not pass for one that blocks. Method: more threads than cores
    // compute beside handlers that compute a little, all the time; the warning, which is not expected, fails the test.
    [Fact]
    public async Task Listener_TheMachineIsBusy_StaysOnTheLoops()
    {
        Assert.SkipUnless(KqueueThreads.CanBeSeen, "This system does not show a process its threads.");
        const int Connections = 8;
        var server = await ServeAsync(context =>
        {
            Thread.SpinWait(5000);
            return context.Response.WriteAsync(Requests.AnswerEnd);
        });
        using var isOver = new CancellationTokenSource(s_busyTime);
        var others = Enumerable.Range(0, Environment.ProcessorCount)
            .Select(_ => OwnThread.RunAsync(() => Compute(isOver.Token))).ToArray();

        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ =>
            Requests.RepeatAsync(server.EndPoint, "/", _ => !isOver.IsCancellationRequested, pipelined: 16)));

        await Task.WhenAll(others);
    }

    /// <summary>How long it takes until all are back on the loops, when each has blocked three times.</summary>
    private async Task<TimeSpan> BlockAndRecoverAsync(RawConnection[] connections)
    {
        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(connections.Select(connection => AskAsync(connection, "/block?ms=50")));
        }

        var blocked = Stopwatch.GetTimestamp();
        string[] places;
        do
        {
            Deadline.ThrowIfCancellationRequested();
            places = await Task.WhenAll(connections.Select(connection => AskAsync(connection, "/")));
        }
        while (places.Any(place => place != "loop"));

        return Stopwatch.GetElapsedTime(blocked);
    }

    private static void Compute(CancellationToken isOver)
    {
        while (!isOver.IsCancellationRequested)
        {
            Thread.SpinWait(100);
        }
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var place = EventLoop.Current is not null ? "loop"
            : Thread.CurrentThread.IsThreadPoolThread ? "pool"
            : "standby";
        if (context.Request.Query["ms"] is [var ms])
        {
            Thread.Sleep(int.Parse(ms!, provider: null));
        }

        context.Response.ContentLength = place.Length;
        await context.Response.WriteAsync(place);
    }

    private static async Task<string> AskAsync(RawConnection connection, string path)
    {
        await connection.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        return (await connection.ReceiveResponseAsync()).Body;
    }

    private static int MostLoopThreads(CancellationToken isOver)
    {
        var most = 0;
        do
        {
            most = Math.Max(most, KqueueThreads.CountLoopThreads());
        }
        while (!isOver.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(5)));

        return most;
    }
}
