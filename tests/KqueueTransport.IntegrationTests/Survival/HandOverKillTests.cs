using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>
/// Processes of samples/WebApp of which one takes the listen sockets of the other, under load, and one of which is
/// killed at some moment of that: no request hangs, and nobody is refused while one of them lives.
/// </summary>
[Collection<Alone>]
public sealed class HandOverKillTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int Clients = 8;

    // About what a start takes.
    private const int StartMilliseconds = 900;

    // Asked for by name: whoever takes a socket over asks for the same endpoint. The raw ports are the next two.
    private readonly int _port = FreePorts.Take(3);
    private readonly string _path = UnixPath.Next();
    private readonly ConcurrentQueue<DateTime> _refused = new();
    private int _answered;

    // What it has sent is the successor's, and what it has not is bound anew once it is dead.
    [Fact]
    public async Task Predecessor_IsKilledWhileItIsReplaced_TheSuccessorServes()
    {
        var first = await StartAsync();
        using var over = new CancellationTokenSource();
        var load = LoadAsync(first.Http, over.Token);

        var starting = StartAsync();
        await WaitForAnyMomentAsync();
        first.Kill();
        var second = await starting;

        await AssertServesAsync(second);
        await over.CancelAsync();
        await load;
        PrintSurvived("predecessor");
    }

    // Until it has said that it serves, the other goes on. A third one replaces whoever is there.
    [Fact]
    public async Task Successor_IsKilledWhileItTakesOver_TheThirdServes()
    {
        var first = await StartAsync();
        using var over = new CancellationTokenSource();
        var load = LoadAsync(first.Http, over.Token);

        await using (var second = RunningProgram.StartSample("WebApp", Arguments, Environment))
        {
            await WaitForAnyMomentAsync();
            second.Kill();
        }

        var third = await StartAsync();

        await AssertServesAsync(third);
        var end = await first.WaitForEndAsync(Deadline);
        Assert.Equal(0, end.ExitCode);
        await over.CancelAsync();
        await load;
        if (end.Output.Contains("has ended", StringComparison.Ordinal))
        {
            Assert.Empty(_refused);
        }

        PrintSurvived("successor");
    }

    private Dictionary<string, string> Environment => new() { ["Kqueue__HandOverPath"] = _path };

    private string[] Arguments => [$"--port={_port}"];

    private static Task WaitForAnyMomentAsync() =>
        Task.Delay(Random.Shared.Next(StartMilliseconds), TestContext.Current.CancellationToken);

    private async Task<WebAppProcess> StartAsync() =>
        Own(await WebAppProcess.StartAsync(Arguments, Deadline, Environment));

    // Nobody is refused from here on, also while the next one takes over.
    private async Task AssertServesAsync(WebAppProcess server)
    {
        var served = DateTime.UtcNow;
        var answered = Volatile.Read(ref _answered);
        var next = await StartAsync();
        Assert.Equal(0, (await server.WaitForEndAsync(Deadline)).ExitCode);
        await Until.TrueAsync(() => Volatile.Read(ref _answered) > answered + 100, Deadline);
        Assert.DoesNotContain(_refused, refused => refused > served);
        Assert.Equal(server.Http, next.Http);
    }

    private Task LoadAsync(EndPoint target, CancellationToken over) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            while (!over.IsCancellationRequested)
            {
                await AskAsync(target);
            }
        }));

    // What a killed process has accepted is cut off. A request that hangs meets the deadline.
    private async Task AskAsync(EndPoint target)
    {
        var asked = DateTime.UtcNow;
        try
        {
            using var connection = await ConnectAsync(target);
            await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            var answer = await connection.ReceiveToEndAsync();
            Interlocked.Add(ref _answered, answer.EndsWith("Hello, World!", StringComparison.Ordinal) ? 1 : 0);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            _refused.Enqueue(asked); // This thread may hear of it much later.
            await Task.Delay(1, Deadline);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
        }
    }

    private void PrintSurvived(string who) => Survived.Print(
        $"a {who} that is killed in a hand-over",
        (_answered, "requests"),
        (_refused.Count, "refused until one serves"));
}
