using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Samples.Tests;

/// <summary>samples/Proxy in front of an echo that the test plays, on either transport.</summary>
public sealed class ProxyTests : SampleTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("kqueue")]
    [InlineData("sockets")]
    public async Task Bytes_BothWays_ArriveInOrderAndTheEndIsHandedOn(string transport)
    {
        using var target = Listen();
        var echoing = EchoAsync(target);
        using var client = await ConnectAsync(await StartProxyAsync(transport, target));
        var bytes = RandomNumberGenerator.GetBytes(32 * MiB);

        var sending = SendAllAsync(client, bytes);
        var received = new byte[bytes.Length];
        await using var stream = new NetworkStream(client);
        await stream.ReadExactlyAsync(received, Deadline);

        await sending;
        Assert.True(bytes.AsSpan().SequenceEqual(received));
        Assert.Equal(0, await client.ReceiveAsync(received, Deadline));
        await echoing;
    }

    [Fact]
    public async Task Clients_ManyAtOnce_AreAllServed()
    {
        using var target = Listen();
        var port = await StartProxyAsync("kqueue", target);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            var echoing = EchoAsync(target);
            using var client = await ConnectAsync(port);
            await client.SendAsync(new[] { (byte)i }, Deadline);
            var answer = new byte[1];
            Assert.Equal(1, await client.ReceiveAsync(answer, Deadline));
            Assert.Equal(i, answer[0]);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await client.ReceiveAsync(answer, Deadline));
            await echoing;
        }));
    }

    [Theory]
    [InlineData("kqueue")]
    [InlineData("sockets")]
    public async Task Target_IsNotThere_EndsTheClientAndSaysWhy(string transport)
    {
        var proxy = Start("Proxy", "--port", "0", "--to", $"127.0.0.1:{FreePort()}", "--transport", transport);
        using var client = await ConnectAsync(PortOf(await proxy.ReadLineAsync(Deadline)));

        var ended = await client.ReceiveAsync(new byte[1], SocketFlags.None, Deadline).AsTask()
            .ContinueWith(receive => receive.IsFaulted || receive.Result == 0, Deadline);

        Assert.True(ended);
        await proxy.ReadLineWithAsync("The target cannot be reached", Deadline);
    }

    [Theory]
    [InlineData("HOST:PORT", "--to=nowhere")]
    [InlineData("--to", "--port=0")]
    [InlineData("sockets", "--to=127.0.0.1:1", "--transport=pigeon")]
    public async Task Option_Wrong_IsOneLineOnStandardErrorAndExit1(string instead, params string[] arguments) =>
        AssertRefused(await RunAsync("Proxy", arguments), instead);

    private async Task<int> StartProxyAsync(string transport, Socket target)
    {
        var proxy = Start("Proxy", "--port", "0", "--to", $"{target.LocalEndPoint}", "--transport", transport);
        return PortOf(await proxy.ReadLineAsync(Deadline));
    }

    private static int PortOf(string line)
    {
        Assert.StartsWith("proxy from 127.0.0.1:", line, StringComparison.Ordinal);
        return int.Parse(line.Split(':', ' ')[3], CultureInfo.InvariantCulture);
    }

    private async Task EchoAsync(Socket target)
    {
        using var connection = await target.AcceptAsync(Deadline);
        await using var stream = new NetworkStream(connection);
        await stream.CopyToAsync(stream, Deadline);
        connection.Shutdown(SocketShutdown.Send);
    }

    private async Task SendAllAsync(Socket client, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await client.SendAsync(bytes, Deadline)..];
        }

        client.Shutdown(SocketShutdown.Send);
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, Deadline);
        return socket;
    }
}
