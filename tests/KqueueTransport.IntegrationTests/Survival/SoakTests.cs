using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>
/// Everything at once for a while, and what the server holds before and after. KQUEUE_SOAK_SECONDS says how long.
/// </summary>
[Collection<Alone>]
public sealed class SoakTests
{
    private const int SecondsByDefault = 20;

    // What pools and the runtime grow by under load, whatever its length.
    private const long GrowthKiB = 48 * 1024;

    // Files and pipes that the runtime opens when it likes. A leak has thousands of connections to show itself.
    private const int MoreDescriptors = 4;

    // A server that has gone refuses every client at once.
    private const int ErrorsMax = 100;

    private readonly ConcurrentQueue<Exception> _errors = new();

    private long _echoes;
    private long _requests;
    private long _resets;
    private long _downloads;

    [Fact]
    public async Task Soak_MixedLoad_LeavesNothingBehindAndNoErrors()
    {
        var length = TimeSpan.FromSeconds(
            int.TryParse(Environment.GetEnvironmentVariable("KQUEUE_SOAK_SECONDS"), out var seconds)
                ? seconds : SecondsByDefault);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter((2 * length) + TimeSpan.FromMinutes(1));
        await using var app = await WebAppProcess.StartAsync(["--port=0"], deadline.Token);
        var facts = ProcessFacts.Of(app.Id);
        await LoadAsync(app, length / 4, deadline.Token);
        var before = await SettleAsync(facts, deadline.Token);

        await LoadAsync(app, length * 3 / 4, deadline.Token);

        // Standby threads, and those of the pool, stay for some seconds, and the last connections as long as they need.
        var threadsMax = before.Threads + Environment.ProcessorCount;
        await Until.TrueAsync(
            () => facts.SocketCount <= before.Sockets && facts.Threads <= threadsMax, deadline.Token);
        var after = await SettleAsync(facts, deadline.Token);
        Assert.Empty(_errors);
        Assert.InRange(after.Sockets, 0, before.Sockets);
        Assert.InRange(after.Descriptors, 0, before.Descriptors + MoreDescriptors);
        Assert.InRange(after.ResidentKiB, 0, before.ResidentKiB + GrowthKiB);
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(deadline.Token);
        Assert.Equal((0, "", ""), (end.ExitCode, end.Output, end.Errors));
        TestContext.Current.TestOutputHelper!.WriteLine($"A quarter through: {before}. At the end: {after}.");
        Survived.Print(
            $"a soak of {length.TotalSeconds} s", (_echoes, "echoes"), (_requests, "requests"),
            (_downloads, "downloads"), (_resets, "resets"), (_errors.Count, "errors of clients"),
            (end.Errors.Length, "errors of the server"), (after.Sockets - before.Sockets, "more sockets"),
            (after.Descriptors - before.Descriptors, "more descriptors"),
            (after.Threads - before.Threads, "more threads"),
            (after.ResidentKiB - before.ResidentKiB, "more KiB"));
    }

    private async Task LoadAsync(WebAppProcess app, TimeSpan length, CancellationToken deadline)
    {
        var started = Stopwatch.GetTimestamp();
        bool GoesOn() => Stopwatch.GetElapsedTime(started) < length;
        await Task.WhenAll(
        [
            RepeatAsync(GoesOn, () => EchoAsync(app.Echo, deadline)),
            RepeatAsync(GoesOn, () => EchoAsync(app.Echo, deadline)),
            RepeatAsync(GoesOn, () => DownloadAsync(app.Http, deadline)),
            RepeatAsync(GoesOn, () => ResetAsync(app.Http, deadline)),
            RepeatAsync(GoesOn, () => ResetAsync(app.Echo, deadline)),
            RequestAsync(app.Http, GoesOn),
            RequestAsync(app.Http, GoesOn),
        ]);
    }

    private async Task RepeatAsync(Func<bool> goesOn, Func<Task> once)
    {
        while (goesOn() && _errors.Count < ErrorsMax)
        {
            try
            {
                await once();
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                _errors.Enqueue(e);
            }
        }
    }

    private async Task EchoAsync(EndPoint endPoint, CancellationToken deadline)
    {
        await EchoClients.TalkAsync(endPoint, connections: 8, messages: 10, deadline);
        Interlocked.Add(ref _echoes, 80);
    }

    private async Task DownloadAsync(EndPoint endPoint, CancellationToken deadline)
    {
        using var connection = await RawConnection.ConnectAsync(endPoint, deadline);
        await connection.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Contains("200 OK", await connection.ReceiveHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(Pattern.OneMiB, await connection.ReceiveAsync(Pattern.MiB));
        Interlocked.Increment(ref _downloads);
    }

    private async Task ResetAsync(EndPoint endPoint, CancellationToken deadline)
    {
        using var connection = await RawConnection.ConnectAsync(endPoint, deadline);
        await connection.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        await connection.ReceiveAsync(1);
        connection.SendReset();
        Interlocked.Increment(ref _resets);
    }

    private async Task RequestAsync(EndPoint endPoint, Func<bool> goesOn)
    {
        var times = await Requests.RepeatAsync(endPoint, "/json", _ => goesOn(), pipelined: 4, answerEnd: '}');
        Interlocked.Add(ref _requests, times.Count * 4L);
    }

    // Sockets that linger and threads that stand by end after a while.
    private static async Task<Facts> SettleAsync(ProcessFacts facts, CancellationToken deadline)
    {
        await Until.StableAsync(() => facts.SocketCount, deadline);
        await Until.StableAsync(() => facts.Threads, deadline);
        return new Facts(facts.SocketCount, facts.Descriptors, facts.Threads, facts.ResidentKiB);
    }

    private sealed record Facts(int Sockets, int Descriptors, int Threads, long ResidentKiB);
}
