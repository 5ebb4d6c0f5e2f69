using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Samples.Tests;

/// <summary>Garbage to every server of the samples that speaks raw TCP. FileSwarm's is in its own tests.</summary>
public sealed class GarbageTests : SampleTests
{
    private const int Clients = 150;

    [Theory]
    [InlineData("hello\n\n", "hello\n\n", "EchoServer", "--port=0")]
    [InlineData("", "welcome! you are client #", "StreamingServer", "--port=0", "--chat", "--max-clients=1000")]
    [InlineData("forget this", "", "MioServer", "discard", "--port=0")]
    [InlineData("three", "Received 5 bytes\n", "MioServer", "count", "--port=0")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "Hello, World!", "MioServer", "hello", "--port=0", "--loops=2")]
    public async Task Garbage_ToAServer_IsAnsweredOrRefusedAndTheNextClientIsServed(
        string request, string answer, string sample, params string[] arguments)
    {
        var server = Start(sample, arguments);

        var words = arguments.Where(argument => !argument.StartsWith('-')).Prepend(sample);
        await SurviveAsync(server, string.Join(' ', words), isEcho: false, request, answer);
    }

    [Fact]
    public async Task Garbage_ThroughTheProxy_ComesBackWholeAndTheNextClientIsServed()
    {
        using var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        target.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        target.Listen(Clients);
        var echoing = EchoAsync(target);
        var proxy = Start("Proxy", "--port=0", "--to", $"{target.LocalEndPoint}");

        await SurviveAsync(proxy, "Proxy", isEcho: true, "anybody there?", "anybody there?");

        target.Close();
        await echoing;
    }

    private async Task SurviveAsync(
        RunningProgram server, string name, bool isEcho, string request, string answer)
    {
        var endPoint = EndPointOf(await server.ReadLineAsync(Deadline));
        var ending = server.WaitForEndAsync(Deadline); // Reads what it prints about its clients.
        var garbage = new GarbageClients(endPoint, isEcho);

        await garbage.TalkAsync(Clients, Deadline);

        Assert.Contains(answer, await AskAsync(endPoint, request), StringComparison.Ordinal);
        await NobodyIsConnectedAsync(server, endPoint.Port);
        server.Signal(PosixSignal.SIGTERM);
        var end = await ending;
        Assert.Equal((0, ""), (end.ExitCode, end.Errors));
        Survived.Print($"garbage to {name}", garbage.Counts);
    }

    // "listening on 127.0.0.1:9090 (...)", "hello on 127.0.0.1:9000, ...", "proxy from 127.0.0.1:7000 to ..."
    private static IPEndPoint EndPointOf(string startLine)
    {
        var port = startLine.Split(':', ' ', ',', ')').SkipWhile(word => word != "127.0.0.1").ElementAt(1);
        return new IPEndPoint(IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture));
    }

    /// <summary>Sends a request and the end, and returns everything that comes.</summary>
    private async Task<string> AskAsync(IPEndPoint endPoint, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint, Deadline);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), Deadline);
        await using var stream = new NetworkStream(socket);
        socket.Shutdown(SocketShutdown.Send);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, Deadline);
        return Encoding.ASCII.GetString(answer.ToArray());
    }

    private async Task NobodyIsConnectedAsync(RunningProgram server, int port)
    {
        while (OperatingSystem.IsLinux() && ProcessFacts.Of(server.Id).Connections(port) > 0)
        {
            await Task.Delay(20, Deadline);
        }
    }

    /// <summary>Sends everything back, until the socket is closed.</summary>
    private async Task EchoAsync(Socket target)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(EchoOneAsync(await target.AcceptAsync(Deadline)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task EchoOneAsync(Socket connection)
    {
        await using var stream = new NetworkStream(connection, ownsSocket: true);
        try
        {
            await stream.CopyToAsync(stream, Deadline);
            connection.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The proxy hands a reset on.
        }
    }
}
