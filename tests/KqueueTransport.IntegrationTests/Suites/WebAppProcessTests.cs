using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>The sample as its own process: the start line, the signals and a port in use.</summary>
public abstract class WebAppProcessTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task Start_Ready_PrintsOneLineThatSaysWhatRuns()
    {
        var app = await StartProcessAsync();
        using var client = Http.ClientFor(app.Http);
        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));

        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);

        Assert.Contains(Transport.WebAppOptions["transport"], app.StartLine, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("scheduling", app.StartLine, StringComparison.Ordinal);
        Assert.Equal("", end.Output);
        Assert.Equal("", end.Errors);
    }

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task Signal_RequestInFlight_IsAnsweredThenExits0(PosixSignal signal)
    {
        // Kestrel ends a request whose body comes at less than 240 bytes a second: behind so many the rest may be late.
        var begin = new string('x', 20_000);
        var app = await StartProcessAsync();
        using var connection = await ConnectAsync(app.Http);
        await connection.SendAsync(
            $"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {begin.Length + 4}\r\n" +
            $"Expect: 100-continue\r\n\r\n{begin}");
        Assert.StartsWith("HTTP/1.1 100", await connection.ReceiveHeadAsync(), StringComparison.Ordinal);

        app.Signal(signal);
        await WaitUntilRefusedAsync(app.Http);
        await connection.SendAsync("rest");

        Assert.EndsWith("\r\n20004\r\n0\r\n\r\n", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await app.WaitForEndAsync(Deadline)).ExitCode);
    }

    [Fact]
    public async Task Signal_StreamsOpen_EndsThemAndExits0()
    {
        var app = await StartProcessAsync();
        using var client = Http.ClientFor(app.Http);
        await using var events = await client.GetStreamAsync("/events?ms=60000", Deadline);
        Assert.NotEqual(0, await events.ReadAsync(new byte[1], Deadline));

        app.Signal(PosixSignal.SIGTERM);

        await events.CopyToAsync(Stream.Null, Deadline);
        Assert.Equal(0, (await app.WaitForEndAsync(Deadline)).ExitCode);
    }

    [Fact]
    public async Task Port_InUse_IsOneLineOnStandardErrorAndExit1()
    {
        var first = await StartProcessAsync();

        var second = await WebAppProcess.RunAsync(
            Arguments(first.Http.Port), Deadline, Transport.Environment);

        Assert.Equal(1, second.ExitCode);
        Assert.Equal("", second.Output);
        var line = Assert.Single(second.Errors.TrimEnd().Split('\n'));
        Assert.Contains("address already in use", line, StringComparison.Ordinal);
    }

    private async Task WaitUntilRefusedAsync(EndPoint endPoint)
    {
        try
        {
            while (true)
            {
                using var connection = await ConnectAsync(endPoint);
            }
        }
        catch (SocketException)
        {
            // The server listens no more.
        }
    }

    private async Task<WebAppProcess> StartProcessAsync() =>
        Own(await WebAppProcess.StartAsync(Arguments(port: 0), Deadline, Transport.Environment));

    private IEnumerable<string> Arguments(int port) =>
        Transport.WebAppOptions.Append(new("port", $"{port}")).Select(option => $"--{option.Key}={option.Value}");
}
