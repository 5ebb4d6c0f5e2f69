using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Samples.Tests;

/// <summary>samples/EchoServer with curl, with netcat and with clients that misbehave.</summary>
public sealed class EchoServerTests : SampleTests
{
    private const int MaxLine = 1024;

    [Fact]
    public async Task Curl_AnyUrl_PrintsItsOwnRequest()
    {
        var curl = Tool.Require("curl", "curl");
        var (_, port) = await StartServerAsync();

        var printed = await curl.RunAsync(
            Deadline, "--silent", "--http0.9", "--header", "X-Echo: me", $"http://127.0.0.1:{port}/any/path");

        Assert.StartsWith("GET /any/path HTTP/1.1\r\n", printed, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Echo: me\r\n", printed, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Netcat_LinesAndAnEmptyOne_AreEchoedAndTheConnectionEnds()
    {
        var path = Tool.Require("nc", "netcat-openbsd").Path;
        var (_, port) = await StartServerAsync();
        var nc = Own(RunningProgram.Start(path, ["127.0.0.1", $"{port}"]));

        await nc.Input.WriteAsync("first\n");
        Assert.Equal("first", await nc.ReadLineAsync(Deadline));
        await nc.Input.WriteAsync("second\n\nthird\n");
        nc.Input.Close(); // nc ends when both sides have.

        var end = await nc.WaitForEndAsync(Deadline);
        Assert.Equal("second\n\n", end.Output);
    }

    [Fact]
    public async Task Client_NeverReads_HoldsUpNobody()
    {
        var (_, port) = await StartServerAsync();
        using var greedy = await ConnectAsync(port);
        await FillAsync(greedy);

        using var other = await ConnectAsync(port);
        await other.SendAsync("hello\n\n"u8.ToArray(), Deadline);

        Assert.Equal("hello\n\n", await ReceiveToEndAsync(other));
    }

    [Fact]
    public async Task Client_ReadsLate_GetsEveryLineInOrder()
    {
        var (_, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);
        var lines = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"line {i}\n")) + "\n";

        var sending = client.SendAsync(Encoding.ASCII.GetBytes(lines), Deadline).AsTask();
        var received = await ReceiveToEndAsync(client);

        await sending;
        Assert.Equal(lines, received);
    }

    [Fact]
    public async Task Lines_InPieces_AreEchoedWhenComplete()
    {
        var (_, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);
        foreach (var letter in "a line\r\nthe next\r\n\r"u8.ToArray())
        {
            await client.SendAsync(new[] { letter }, Deadline);
        }

        await client.SendAsync("\nnot this"u8.ToArray(), Deadline);

        Assert.Equal("a line\r\nthe next\r\n\r\n", await ReceiveToEndAsync(client));
    }

    [Fact]
    public async Task Line_WithoutItsNewlineAtTheEnd_IsEchoed()
    {
        var (_, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);

        await client.SendAsync("one\ntwo"u8.ToArray(), Deadline);
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal("one\ntwo", await ReceiveToEndAsync(client));
    }

    [Fact]
    public async Task Line_AsLongAsTheLimit_IsEchoed()
    {
        var (_, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);
        var line = new string('x', MaxLine - 1) + "\n";

        await client.SendAsync(Encoding.ASCII.GetBytes(line + line + "\n"), Deadline);

        Assert.Equal(line + line + "\n", await ReceiveToEndAsync(client));
    }

    [Fact]
    public async Task Line_LongerThanTheLimit_GetsAnErrorAndTheEnd()
    {
        var (_, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);

        await client.SendAsync(Encoding.ASCII.GetBytes("fine\n" + new string('x', 100 * MaxLine)), Deadline);

        Assert.Equal("fine\nline too long\n", await ReceiveToEndAsync(client));
    }

    [Fact]
    public async Task Client_Resets_IsForgottenAndOthersAreServed()
    {
        var (server, port) = await StartServerAsync();
        var client = await ConnectAsync(port);
        await server.ReadLineWithAsync("client #1 connected", Deadline);
        client.Close(timeout: 0);
        Assert.Equal("client #1 left: 0 lines", await server.ReadLineAsync(Deadline));

        using var other = await ConnectAsync(port);
        await other.SendAsync("\n"u8.ToArray(), Deadline);

        Assert.Equal("\n", await ReceiveToEndAsync(other));
    }

    [Fact]
    public async Task Clients_ManyAtOnce_AreAllServed()
    {
        var (_, port) = await StartServerAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ConnectAsync(port)));

        await Task.WhenAll(clients.Reverse().Select(async (client, i) =>
        {
            await client.SendAsync(Encoding.ASCII.GetBytes($"I am {i}\n\n"), Deadline);
            Assert.Equal($"I am {i}\n\n", await ReceiveToEndAsync(client));
        }));

        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    public async Task Signal_ClientsConnected_Exits0(PosixSignal signal)
    {
        var (server, port) = await StartServerAsync();
        using var client = await ConnectAsync(port);
        await server.ReadLineWithAsync("client #1 connected", Deadline);

        server.Signal(signal);

        var end = await server.WaitForEndAsync(Deadline);
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Assert.Equal("", await ReceiveToEndAsync(client));
    }

    [Fact]
    public async Task Start_PortInUse_IsOneLineOnStandardErrorAndExit1()
    {
        var (_, port) = await StartServerAsync();

        AssertRefused(await RunAsync("EchoServer", "--port", $"{port}"), "use");
    }

    [Theory]
    [InlineData("--port=65536", "0 to 65535")]
    [InlineData("--port=telnet", "0 to 65535")]
    [InlineData("--max-line=0", "16 to 1048576")]
    [InlineData("--colour=red", "--colour")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string argument, string instead) =>
        AssertRefused(await RunAsync("EchoServer", argument), instead);

    private async Task<(RunningProgram Server, int Port)> StartServerAsync()
    {
        var server = Start("EchoServer", "--port", "0", "--max-line", $"{MaxLine}");
        var line = await server.ReadLineAsync(Deadline);
        Assert.Matches(@"^listening on 127\.0\.0\.1:\d+ \(.+\)$", line);
        return (server, int.Parse(line.Split(':', ' ')[3], CultureInfo.InvariantCulture));
    }

    /// <summary>Sends lines and reads nothing until neither side's kernel takes more.</summary>
    private async Task FillAsync(Socket client)
    {
        client.Blocking = false;
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("all work and no play\n", 1000)));
        for (var refusals = 0; refusals < 10;)
        {
            client.Send(lines, SocketFlags.None, out var error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"{error}");
            refusals = error == SocketError.WouldBlock ? refusals + 1 : 0;
            await Task.Delay(refusals > 0 ? 10 : 0, Deadline);
        }
    }

    private async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, Deadline);
        return socket;
    }

    private async Task<string> ReceiveToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (await socket.ReceiveAsync(buffer, Deadline) is > 0 and var count)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
