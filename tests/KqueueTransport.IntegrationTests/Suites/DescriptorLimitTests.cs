using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>A process that has run out of descriptors: samples/WebApp under a small limit of its own.</summary>
public abstract class DescriptorLimitTests(TestTransport transport) : TransportSuite(transport)
{
    private const int Limit = 400;

    private const int Waiting = 20;

    private const string Pause = "pauses because of EMFILE";

    private const string Request = "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n";

    // Goal: no accept loop goes deaf, none spins, and one line in the log says so. Method: more connections than
    // descriptors; when those that were served leave, the others have to be.
    [Fact]
    public async Task Descriptors_Exhausted_TheRestIsServedWhenSomeLeave()
    {
        Assert.SkipWhen(
            Transport.IsSockets, "Serves them as well, but tries without a pause until then, and says nothing.");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells how many descriptors another process has.");
        var app = await StartLimitedAsync();
        await AskOnceAsync(app);

        var connections = await FillAsync(app);
        var answers = connections.Select(connection => connection.ReceiveResponseAsync()).ToArray();
        await app.ReadLinesToAsync(Pause, Deadline);
        await Until.TrueAsync(() => answers.Count(answer => !answer.IsCompleted) <= Waiting + Limit / 5, Deadline);
        await Until.TrueAsync(
            () => answers.Count(answer => answer.IsCompleted) == ProcessFacts.Of(app.Id).Connections(app.Http.Port),
            Deadline);
        var served = answers.Select(answer => answer.IsCompleted).ToArray();
        Assert.Contains(false, served);
        var spent = await ProcessorTime.OfThreadsAsync(app.Id, TimeSpan.FromSeconds(1), Deadline);

        for (var i = 0; i < connections.Length; i++)
        {
            if (served[i])
            {
                connections[i].Dispose();
            }
        }

        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(200, answer.StatusCode));
        await AskOnceAsync(app);
        Array.ForEach(connections, connection => connection.Dispose());
        app.Signal(PosixSignal.SIGTERM);
        var log = (await app.WaitForEndAsync(Deadline)).Output;
        Assert.DoesNotContain(Pause, log, StringComparison.Ordinal);
        Assert.True(
            spent.Values.Sum(time => time.TotalMilliseconds) < 100,
            $"In a second of waiting: {string.Join(", ", spent)}");
    }

    // Goal: clients that read their answers to the end and keep their sockets open, as browsers do, take no descriptor
    // from others. Method: twice as many as there are descriptors, and a fresh one beside them now and then, which has
    // to be served although the server is not tired of waiting for the others' ends within the time of a test.
    [Fact]
    public async Task Descriptors_ClientsStayAfterTheirAnswers_AFreshOneIsServedAtOnce()
    {
        var app = await StartLimitedAsync(("Kqueue__LingerTimeout", "01:00:00"));
        await AskOnceAsync(app);
        var stayed = new List<RawConnection>();
        for (var round = 0; round < 8; round++)
        {
            for (var i = 0; i < Limit / 4; i++)
            {
                stayed.Add(await ConnectAsync(app.Http));
                await stayed[^1].SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            }

            await Task.WhenAll(stayed.Skip(round * Limit / 4).Select(connection => connection.ReceiveResponseAsync()));
            await AskOnceAsync(app);
        }

        stayed.ForEach(connection => connection.Dispose());
        app.Signal(PosixSignal.SIGTERM);
        Assert.DoesNotContain("pauses", (await app.WaitForEndAsync(Deadline)).Output, StringComparison.Ordinal);
    }

    private async Task<WebAppProcess> StartLimitedAsync(params (string Name, string Value)[] more) =>
        Own(await WebAppProcess.StartByAsync(
            $"ulimit -n {Limit}; exec \"$@\"",
            Transport.WebAppOptions.SelectMany(option => new[] { $"--{option.Key}", option.Value }).Append("--port=0"),
            Deadline,
            Transport.Environment.Concat(more.Select(option => KeyValuePair.Create(option.Name, option.Value)))
                .ToDictionary()));

    /// <summary>Connects more than there are descriptors for, and asks on each connection.</summary>
    private async Task<RawConnection[]> FillAsync(WebAppProcess app)
    {
        var free = Limit - Directory.GetFiles($"/proc/{app.Id}/fd").Length;
        var connections = new RawConnection[free + Waiting];
        for (var i = 0; i < connections.Length; i++)
        {
            connections[i] = await ConnectAsync(app.Http);
            await connections[i].SendAsync(Request);
        }

        return connections;
    }

    private async Task AskOnceAsync(WebAppProcess app)
    {
        using var connection = await ConnectAsync(app.Http);
        await connection.SendAsync(Request);
        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }
}
