using System.Net;
using System.Security.Cryptography;
using System.Text;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>Peers that do what they should not, by the thousand, beside one that must not notice.</summary>
[Collection<Alone>]
public sealed class HostilePeerTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const string Request = "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n";
    private const int FloodConnections = 3000;
    private const int SlowConnections = 200;
    private const int Resets = 2000;
    private const int BystanderRequests = 500;

    // A machine that is busy with something else has bad moments. A server that waits for slow peers has no good ones.
    private const int ObservationsMax = 4;

    // Kestrel ends a request whose body comes at less than 240 bytes a second, beyond the first five seconds: with so
    // many at once, a writer may be set aside for longer than the test takes.
    private const int WrittenAtOnce = 20_000;

    // Generous to a machine that does much else. A server that waits for a slow peer takes seconds.
    private static readonly TimeSpan s_prompt = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Flood_ConnectionsSayNothingOrHalfARequest_OthersAreServedPromptly()
    {
        var app = await StartAsync();
        var flood = await ConnectManyAsync(app.Http, FloodConnections);
        for (var i = 0; i < flood.Length; i += 2)
        {
            await flood[i].SendAsync(Request[..(Request.Length / 2)]);
        }

        var p99 = await AssertServedPromptlyAsync(app);

        for (var i = 0; i < flood.Length; i++)
        {
            if (i % 3 == 0)
            {
                flood[i].SendReset();
            }

            flood[i].Dispose();
        }

        await Until.TrueAsync(() => ProcessFacts.Of(app.Id).Connections(app.Http.Port) == 0, Deadline);
        Survived.Print(
            "a flood of half-open connections", (flood.Length, "connections"), (flood.Length / 3, "resets"),
            (BystanderRequests, "requests beside them"), (Microseconds(p99), "µs for 99 of 100 of these"));
    }

    [Fact]
    public async Task SlowReadersAndWriters_ByTheHundred_AreServedAndHoldUpNobody()
    {
        var app = await StartAsync();
        using var hurry = new CancellationTokenSource();
        var slow = Enumerable.Range(0, SlowConnections).Select(seed => seed % 2 == 0
            ? ReadSlowlyAsync(app.Http, hurry.Token)
            : WriteSlowlyAsync(app.Http, new Random(seed), hurry.Token)).ToArray();

        await AssertServedPromptlyAsync(app);
        var p99 = await AssertServedPromptlyAsync(app);

        await hurry.CancelAsync();
        await Task.WhenAll(slow);
        Survived.Print(
            "slow peers", (SlowConnections / 2, "readers"), (SlowConnections / 2, "writers"),
            (2 * BystanderRequests, "requests beside them"), (Microseconds(p99), "µs for 99 of 100 of the last"));
    }

    [Fact]
    public async Task Resets_InEveryPhase_CostOnlyTheirOwnConnection()
    {
        var app = await StartAsync();
        await EchoClients.TalkAsync(app.Echo, connections: 4, messages: 2, Deadline);
        var before = ProcessFacts.Of(app.Id).SocketCount;

        const int Talkers = 8;
        const int Messages = 30;
        var talk = EchoClients.TalkAsync(app.Echo, Talkers, Messages, Deadline);
        await Parallel.ForAsync(0, Resets, Deadline, async (i, _) => await ResetAsync(app, i));
        await talk;

        await Until.TrueAsync(() => ProcessFacts.Of(app.Id).SocketCount <= before, Deadline);
        Survived.Print("resets in every phase", (Resets, "resets"), (Talkers * Messages, "echoes beside them"));
    }

    private async Task<WebAppProcess> StartAsync() => Own(await WebAppProcess.StartAsync(["--port=0"], Deadline));

    private async Task<RawConnection[]> ConnectManyAsync(EndPoint endPoint, int count)
    {
        var connections = new RawConnection[count];
        await Parallel.ForAsync(
            0, count, Deadline, async (i, _) => connections[i] = await ConnectAsync(endPoint));
        return connections;
    }

    private static async Task<TimeSpan> AssertServedPromptlyAsync(WebAppProcess app)
    {
        var p99 = await ObserveAsync(app);
        for (var i = 1; i < ObservationsMax && p99 >= s_prompt; i++)
        {
            p99 = await ObserveAsync(app);
        }

        Assert.True(p99 < s_prompt, $"One request of a hundred took {p99}.");
        return p99;
    }

    private static async Task<TimeSpan> ObserveAsync(WebAppProcess app)
    {
        var times = await Requests.RepeatAsync(
            app.Http, "/json", answered => answered < BystanderRequests, answerEnd: '}');
        return times.Percentile(99);
    }

    private static long Microseconds(TimeSpan time) => (long)time.TotalMicroseconds;

    private async Task ReadSlowlyAsync(EndPoint endPoint, CancellationToken hurry)
    {
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Contains("200 OK", await connection.ReceiveHeadAsync(), StringComparison.Ordinal);
        using var body = new MemoryStream();
        while (body.Length < Pattern.MiB)
        {
            var part = await connection.ReceiveAsync((int)Math.Min(4096, Pattern.MiB - body.Length));
            body.Write(part);
            await PauseAsync(hurry);
        }

        Assert.Equal(Pattern.OneMiB, body.ToArray());
    }

    private async Task WriteSlowlyAsync(EndPoint endPoint, Random random, CancellationToken hurry)
    {
        var body = new byte[100_000];
        random.NextBytes(body);
        using var connection = await ConnectAsync(endPoint);
        var head = "POST /upload?hash=true HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
            $"Content-Length: {body.Length}\r\n\r\n";
        await connection.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. body.AsSpan(0, WrittenAtOnce)]);
        for (var sent = WrittenAtOnce; sent < body.Length;)
        {
            var count = Math.Min(random.Next(1, 1000), body.Length - sent);
            await connection.SendAsync(body.AsMemory(sent, count));
            sent += count;
            await PauseAsync(hurry);
        }

        Assert.Contains(Upload.AnswerFor(body), await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task PauseAsync(CancellationToken hurry)
    {
        if (!hurry.IsCancellationRequested)
        {
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private async Task ResetAsync(WebAppProcess app, int phase)
    {
        using var connection = await ConnectAsync(phase % 2 == 0 ? app.Http : app.Echo);
        switch (phase % 5)
        {
            case 0:
                break;
            case 1:
                await connection.SendAsync(Request[..10]);
                break;
            case 2:
                await connection.SendAsync("GET /big?mib=8 HTTP/1.1\r\nHost: a\r\n\r\n");
                break;
            case 3:
                await connection.SendAsync(RandomNumberGenerator.GetBytes(20_000));
                break;
            default:
                await connection.SendAsync(Request);
                await connection.ReceiveAsync(1);
                break;
        }

        connection.SendReset();
    }
}
