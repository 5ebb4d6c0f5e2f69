using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MioServer;

namespace Samples.Tests;

/// <summary>samples/MioServer with netcat, ab and requests that come in pieces and in batches.</summary>
public sealed class MioServerTests : SampleTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private static readonly string s_answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\n\r\n" +
        "Hello, World!";

    [Theory]
    [InlineData("", 0)]
    [InlineData("\r\n\r\n", 1)]
    [InlineData("\r\r\n\r\n", 1)]
    [InlineData("\r\n\r\r\n\r\n", 1)]
    [InlineData("\r\n\r\n\r\n\r\n", 2)]
    [InlineData("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET", 2)]
    [InlineData("\n\r\n\r", 0)]
    public void Heads_CutAnywhere_AreCountedOnce(string text, int expected)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var first = 0; first <= bytes.Length; first++)
        {
            for (var second = first; second <= bytes.Length; second++)
            {
                var heads = new RequestHeads();
                var count = heads.Count(bytes.AsSpan(..first)) + heads.Count(bytes.AsSpan(first..second)) +
                    heads.Count(bytes.AsSpan(second..));
                Assert.Equal(expected, count);
            }
        }
    }

    [Fact]
    public async Task Hello_RequestsInPiecesAndInBatches_AreEachAnswered()
    {
        using var client = await ConnectAsync(await StartServerAsync("hello"));
        foreach (var letter in Encoding.ASCII.GetBytes(Request))
        {
            await client.SendAsync(new[] { letter }, Deadline);
        }

        Assert.Equal(s_answer, await ReceiveAsync(client, s_answer.Length));
        await client.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Request, 100))), Deadline);

        var expected = string.Concat(Enumerable.Repeat(s_answer, 100));
        Assert.Equal(expected, await ReceiveAsync(client, expected.Length));
    }

    [Fact]
    public async Task Hello_Ab_EveryRequestIsAnswered()
    {
        var ab = Tool.Require("ab", "apache2-utils");
        var port = await StartServerAsync("hello", "--loops", "2");

        var report = await ab.RunAsync(
            Deadline, "-q", "-k", "-n", "20000", "-c", "128", $"http://127.0.0.1:{port}/");

        Assert.Contains("Failed requests:        0", report, StringComparison.Ordinal);
        Assert.Contains("Keep-Alive requests:    20000", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hello_ClientPipelinesAndNeverReads_IsDroppedAndOthersAreServed()
    {
        var port = await StartServerAsync("hello");
        using var greedy = await ConnectAsync(port);
        var requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Request, 1000)));
        var flood = Task.Run(async () =>
        {
            while (true)
            {
                await greedy.SendAsync(requests, Deadline);
            }
        }, Deadline);

        await Assert.ThrowsAnyAsync<SocketException>(() => flood);

        using var other = await ConnectAsync(port);
        await other.SendAsync(Encoding.ASCII.GetBytes(Request), Deadline);
        Assert.Equal(s_answer, await ReceiveAsync(other, s_answer.Length));
    }

    [Fact]
    public async Task Count_Netcat_TellsHowMuchItWas()
    {
        var nc = Tool.Require("nc", "netcat-openbsd");
        var port = await StartServerAsync("count");

        var printed = await nc.RunAsync(["-N", "127.0.0.1", $"{port}"], new string('x', 1_000_000), Deadline);

        Assert.Equal("Received 1000000 bytes\n", printed);
    }

    [Fact]
    public async Task Discard_Netcat_GetsNothingBack()
    {
        var nc = Tool.Require("nc", "netcat-openbsd");
        var port = await StartServerAsync("discard");

        Assert.Equal("", await nc.RunAsync(["-N", "127.0.0.1", $"{port}"], new string('x', 1_000_000), Deadline));
    }

    [Fact]
    public async Task Start_PortInUse_IsOneLineOnStandardErrorAndExit1()
    {
        var port = await StartServerAsync("hello");

        AssertRefused(await RunAsync("MioServer", "hello", "--port", $"{port}"), "use");
    }

    [Theory]
    [InlineData("1 to 1024", "hello", "--loops=0")]
    [InlineData("sing", "sing")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string instead, params string[] arguments) =>
        AssertRefused(await RunAsync("MioServer", arguments), instead);

    private async Task<int> StartServerAsync(string protocol, params string[] options)
    {
        var server = Start("MioServer", [protocol, "--port", "0", .. options]);
        var line = await server.ReadLineAsync(Deadline);
        Assert.StartsWith($"{protocol} on 127.0.0.1:", line, StringComparison.Ordinal);
        return int.Parse(line.Split(':', ',')[1], CultureInfo.InvariantCulture);
    }

    private async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, Deadline);
        return socket;
    }

    private async Task<string> ReceiveAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        await using var stream = new NetworkStream(socket);
        await stream.ReadExactlyAsync(bytes, Deadline);
        return Encoding.ASCII.GetString(bytes);
    }
}
