using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Samples.Tests.Swarm;

namespace Samples.Tests.Streaming;

/// <summary>samples/StreamingServer with netcat, with sockets that misbehave, and two of them with a Redis.</summary>
public sealed partial class StreamingServerTests : SampleTests
{
    [Fact]
    public async Task Netcat_ComesSpeaksAndGoes_IsWelcomedAndPrinted()
    {
        var (server, port) = await StartServerAsync();
        var nc = await JoinAsync(port, number: 1);

        await nc.Input.WriteAsync("hello\nbye");
        Assert.Equal("client #1: hello", await server.ReadLineAsync(Deadline));
        nc.Input.Close();

        Assert.Equal("client #1: bye", await server.ReadLineAsync(Deadline));
        Assert.Equal("client #1 disconnected.", await server.ReadLineAsync(Deadline));
    }

    [Fact]
    public async Task Netcat_MoreThanMaxClients_IsRefusedUntilOneLeaves()
    {
        var (server, port) = await StartServerAsync("--max-clients", "2");
        var first = await JoinAsync(port, number: 1);
        await JoinAsync(port, number: 2);

        var refused = Netcat(port);
        Assert.Equal("sorry, the server is full. try again later!", await refused.ReadLineAsync(Deadline));
        refused.Input.Close();
        Assert.Equal("", (await refused.WaitForEndAsync(Deadline)).Output);
        first.Input.Close();
        await server.ReadLineWithAsync("client #1 disconnected.", Deadline);

        await JoinAsync(port, number: 3);
    }

    [Fact]
    public async Task StandardInput_Lines_GoToAllClients()
    {
        var (server, port) = await StartServerAsync();
        var clients = new[] { await JoinAsync(port, number: 1), await JoinAsync(port, number: 2) };

        await server.Input.WriteAsync("good evening\nlast words");
        server.Input.Close();

        foreach (var client in clients)
        {
            Assert.Equal("good evening", await client.ReadLineAsync(Deadline));
            Assert.Equal("last words", await client.ReadLineAsync(Deadline));
        }
    }

    [Fact]
    public async Task StandardInput_IsAFile_GoesToAllClients()
    {
        // /dev/null is a file to epoll, which has no events for those.
        var sh = Tool.Require("sh", "dash").Path;
        var program = Path.Combine(AppContext.BaseDirectory, "StreamingServer");
        var server = Own(RunningProgram.Start(sh, ["-c", $"exec '{program}' --port 0 < /dev/null"]));
        var port = PortOf(await server.ReadLineAsync(Deadline));

        await JoinAsync(port, number: 1);
    }

    [Fact]
    public async Task Chat_On_GoesToTheOthersOnly()
    {
        var (server, port) = await StartServerAsync("--chat");
        var first = await JoinAsync(port, number: 1);
        var second = await JoinAsync(port, number: 2);

        await first.Input.WriteAsync("anybody here?\n");
        Assert.Equal("client #1: anybody here?", await second.ReadLineAsync(Deadline));
        await server.Input.WriteAsync("that is all\n");

        Assert.Equal("that is all", await second.ReadLineAsync(Deadline));
        Assert.Equal("that is all", await first.ReadLineAsync(Deadline));
    }

    [Fact]
    public async Task Chat_Off_StaysWithTheServer()
    {
        var (server, port) = await StartServerAsync();
        var first = await JoinAsync(port, number: 1);
        var second = await JoinAsync(port, number: 2);

        await first.Input.WriteAsync("a secret\n");
        await server.ReadLineWithAsync("client #1: a secret", Deadline);
        await server.Input.WriteAsync("that is all\n");

        Assert.Equal("that is all", await second.ReadLineAsync(Deadline));
    }

    [Fact]
    public async Task Message_OfAnySize_ArrivesWhole()
    {
        var (server, port) = await StartServerAsync("--chat");
        var speaker = await JoinAsync(port, number: 1);
        var listener = await JoinAsync(port, number: 2);
        foreach (var length in new[] { 0, 1, 255, 256, 4096, 70_000, 900_000 })
        {
            var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 26))));

            var speaking = speaker.Input.WriteAsync(text + "\n");

            Assert.Equal($"client #1: {text}", await server.ReadLineAsync(Deadline));
            Assert.Equal($"client #1: {text}", await listener.ReadLineAsync(Deadline));
            await speaking;
        }
    }

    [Fact]
    public async Task Client_NeverReads_IsDroppedAndTheOthersHearEverything()
    {
        var (server, port) = await StartServerAsync("--chat", "--queue", "2000000");
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.ReceiveBufferSize = 4096;
        await deaf.ConnectAsync(IPAddress.Loopback, port, Deadline);
        var speaker = await JoinAsync(port, number: 2);
        var listener = await JoinAsync(port, number: 3);
        var text = new string('x', 50_000);

        // One line is under way at a time, so that only the deaf one's queue can grow: first the kernel's, then ours.
        var dropped = server.ReadLineWithAsync("client #1 disconnected.", Deadline);
        for (var i = 0; !dropped.IsCompleted; i++)
        {
            await speaker.Input.WriteAsync($"{i} {text}\n");
            Assert.Equal($"client #2: {i} {text}", await listener.ReadLineAsync(Deadline));
        }

        await dropped;
        server.Signal(PosixSignal.SIGTERM);
        var end = await server.WaitForEndAsync(Deadline);
        Assert.Contains("client #1 is dropped: it does not read", end.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_TwoServers_AreOneRoom()
    {
        var redis = FreePort();
        await StartRedisAsync(redis);
        var (left, leftPort, _) = await JoinRoomAsync(redis, "left");
        var (right, rightPort, _) = await JoinRoomAsync(redis, "right");
        var first = await JoinAsync(leftPort, number: 1);
        var second = await JoinAsync(leftPort, number: 2);
        var other = await JoinAsync(rightPort, number: 1);

        await first.Input.WriteAsync("hello from the left\n");
        Assert.Equal("client #1: hello from the left", await second.ReadLineAsync(Deadline));
        Assert.Equal("left client #1: hello from the left", await other.ReadLineAsync(Deadline));
        Assert.Equal("left client #1: hello from the left", await right.ReadLineAsync(Deadline));

        await right.Input.WriteAsync("typed on the right\n");
        foreach (var client in new[] { first, second, other })
        {
            Assert.Equal("typed on the right", await client.ReadLineAsync(Deadline));
        }

        Assert.Equal("client #1: hello from the left", await left.ReadLineAsync(Deadline));
        Assert.Equal("typed on the right", await left.ReadLineAsync(Deadline));
    }

    [Fact]
    public async Task Redis_IsLostAndComesBack_OwnClientsAreServedAndTheRoomIsOneAgain()
    {
        var port = FreePort();
        var redis = await StartRedisAsync(port);
        var (left, leftPort, errors) = await JoinRoomAsync(port, "left");
        var (right, _, _) = await JoinRoomAsync(port, "right");
        var first = await JoinAsync(leftPort, number: 1);
        var second = await JoinAsync(leftPort, number: 2);

        redis.Signal(PosixSignal.SIGTERM);
        await redis.WaitForEndAsync(Deadline);
        await first.Input.WriteAsync("still there?\n");
        Assert.Equal("client #1: still there?", await second.ReadLineAsync(Deadline));

        // Both ways, so that both connections of the server on the left are back: one publishes, one listens.
        await StartRedisAsync(port);
        await SayUntilHeardAsync(left, "hello again", right);
        await SayUntilHeardAsync(right, "and to you", left);

        // It says so on the thread pool, in its own time. Once, as a rule; but one connection may be back before the
        // loss of the other one is seen.
        while (!LostAndBack().IsMatch(await File.ReadAllTextAsync(errors, Deadline)))
        {
            await Task.Delay(20, Deadline);
        }
    }

    [Fact]
    public async Task Redis_NobodyThere_IsOneLineOnStandardErrorAndExit1()
    {
        using var nobody = TakePort();

        AssertRefused(
            await RunAsync("StreamingServer", "--port", "0", "--redis", $"{nobody.LocalEndPoint}"),
            "Redis does not answer");
    }

    [Fact]
    public async Task Start_PortInUse_IsOneLineOnStandardErrorAndExit1()
    {
        var (_, port) = await StartServerAsync();

        AssertRefused(await RunAsync("StreamingServer", "--port", $"{port}"), "use");
    }

    [Fact]
    public async Task Signal_ClientsConnected_Exits0()
    {
        var (server, port) = await StartServerAsync();
        await JoinAsync(port, number: 1);

        server.Signal(PosixSignal.SIGINT);

        var end = await server.WaitForEndAsync(Deadline);
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
    }

    [Theory]
    [InlineData("--port=65536", "0 to 65535")]
    [InlineData("--max-clients=0", "1 to 1000000")]
    [InlineData("--address=here", "no IP address")]
    [InlineData("--redis=localhost", "HOST:PORT")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string argument, string instead) =>
        AssertRefused(await RunAsync("StreamingServer", argument), instead);

    private async Task<(RunningProgram Server, int Port)> StartServerAsync(params string[] arguments)
    {
        var server = Start("StreamingServer", ["--port", "0", .. arguments]);
        return (server, PortOf(await server.ReadLineAsync(Deadline)));
    }

    /// <summary>
    /// Starts a server whose errors go to a file. It gives Redis some seconds to answer; where one of the two has got
    /// no core for so long, the next one starts.
    /// </summary>
    private async Task<(RunningProgram Server, int Port, string Errors)> JoinRoomAsync(int redis, string name)
    {
        var sh = Tool.Require("sh", "dash").Path;
        var program = Path.Combine(AppContext.BaseDirectory, "StreamingServer");
        var errors = Path.Combine(Own(new TestFolder()).Path, "errors");
        while (true)
        {
            var server = Own(RunningProgram.Start(sh,
                ["-c", $"exec '{program}' --port 0 --chat --redis 127.0.0.1:{redis} --name {name} 2> '{errors}'"]));
            try
            {
                return (server, PortOf(await server.ReadLineAsync(Deadline)), errors);
            }
            catch (InvalidOperationException)
            {
                Assert.Contains("Redis", await File.ReadAllTextAsync(errors, Deadline), StringComparison.Ordinal);
            }
        }
    }

    private static int PortOf(string startLine)
    {
        Assert.Matches(@"^listening on 127\.0\.0\.1:\d+$", startLine);
        return int.Parse(startLine.Split(':')[1], CultureInfo.InvariantCulture);
    }

    private RunningProgram Netcat(int port) =>
        Own(RunningProgram.Start(Tool.Require("nc", "netcat-openbsd").Path, ["-N", "127.0.0.1", $"{port}"]));

    private async Task<RunningProgram> JoinAsync(int port, int number)
    {
        var client = Netcat(port);
        Assert.Equal($"welcome! you are client #{number}!", await client.ReadLineAsync(Deadline));
        return client;
    }

    /// <summary>Types a line at one server, again and again, until the other one has it from Redis.</summary>
    private async Task SayUntilHeardAsync(RunningProgram from, string line, RunningProgram to)
    {
        var heard = to.ReadLineWithAsync(line, Deadline);
        while (await Task.WhenAny(heard, Task.Delay(100, Deadline)) != heard)
        {
            await from.Input.WriteAsync($"{line}\n");
        }

        Assert.Equal(line, await heard);
    }

    private async Task<RunningProgram> StartRedisAsync(int port)
    {
        var path = Tool.Require("redis-server", "redis-server").Path;
        var redis = Own(RunningProgram.Start(path, ["--port", $"{port}", "--bind", "127.0.0.1", "--save", ""]));
        await redis.ReadLineWithAsync("eady to accept connections", Deadline);
        return redis;
    }

    [GeneratedRegex(@"^(Redis is lost: this server is alone for now\.\nRedis is back\.\n)+$")]
    private static partial Regex LostAndBack();
}
