using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
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
        // Bound, so that nobody else listens there either.
        using var target = Bind();
        var proxy = Start("Proxy", "--port", "0", "--to", $"{target.LocalEndPoint}", "--transport", transport);
        using var client = await ConnectAsync(await PortOfAsync(proxy));

        var ended = await client.ReceiveAsync(new byte[1], SocketFlags.None, Deadline).AsTask()
            .ContinueWith(receive => receive.IsFaulted || receive.Result == 0, Deadline);

        Assert.True(ended);
        await proxy.ReadLineWithAsync("The target cannot be reached", Deadline);
    }

    // A reset is told, also while the proxy waits for the other side to take what came before it.
    [Theory]
    [InlineData("kqueue")]
    [InlineData("sockets")]
    public async Task Clients_ResetWhileTheTargetDoesNotRead_PairsEndAndTheProxyStopsAtOnce(string transport)
    {
        using var target = Listen();
        var proxy = Start("Proxy", "--port", "0", "--to", $"{target.LocalEndPoint}", "--transport", transport);
        var port = await PortOfAsync(proxy);
        var pairs = await Task.WhenAll(Enumerable.Range(0, 100).Select(async _ =>
        {
            var accepting = target.AcceptAsync(Deadline).AsTask();
            return (Client: await ConnectAsync(port), Accepted: await accepting);
        }));

        // A byte through the proxy: it has both sides of each pair by now.
        await Task.WhenAll(pairs.Select(pair => pair.Client.SendAsync(new byte[1], Deadline).AsTask()));
        await Task.WhenAll(pairs.Select(pair => pair.Accepted.ReceiveAsync(new byte[1], Deadline).AsTask()));
        await Task.WhenAll(pairs.Select(pair => SendUntilFullAsync(pair.Client)));

        foreach (var (client, _) in pairs)
        {
            Reset(client);
        }

        await Task.WhenAll(pairs.Select(pair => AssertResetAsync(pair.Accepted)));
        var stopping = Stopwatch.StartNew();
        proxy.Signal(PosixSignal.SIGTERM);
        await proxy.WaitForEndAsync(Deadline);
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        foreach (var (_, accepted) in pairs)
        {
            accepted.Dispose();
        }
    }

    [Theory]
    [InlineData("kqueue", true)]
    [InlineData("kqueue", false)]
    [InlineData("sockets", true)]
    [InlineData("sockets", false)]
    public async Task Side_Resets_TheOtherIsReset(string transport, bool isClient)
    {
        using var target = Listen();
        var accepting = target.AcceptAsync(Deadline).AsTask();
        using var client = await ConnectAsync(await StartProxyAsync(transport, target));
        using var accepted = await accepting;
        await client.SendAsync(new byte[1], Deadline);
        Assert.Equal(1, await accepted.ReceiveAsync(new byte[1], Deadline));

        Reset(isClient ? client : accepted);

        await AssertResetAsync(isClient ? accepted : client);
    }

    // Only the transport's own connections hear of this while nothing is written to the target.
    [Fact]
    public async Task Target_ResetsAfterItsFinWhileTheClientIsIdle_TheClientIsReset()
    {
        using var target = Listen();
        var accepting = target.AcceptAsync(Deadline).AsTask();
        using var client = await ConnectAsync(await StartProxyAsync("kqueue", target));
        using var accepted = await accepting;
        accepted.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], Deadline));

        Reset(accepted);

        // Nothing more is to be received, so a failing send tells.
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
            {
                await client.SendAsync(new byte[1], Deadline);
                await Task.Delay(10, Deadline);
            }
        });
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
        return await PortOfAsync(proxy);
    }

    private async Task<int> PortOfAsync(RunningProgram proxy)
    {
        var line = await proxy.ReadLineWithAsync("proxy from 127.0.0.1:", Deadline);
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

    private async Task SendUntilFullAsync(Socket client)
    {
        var chunk = new byte[MiB];
        while (await Task.WhenAny(client.SendAsync(chunk, Deadline).AsTask(), Task.Delay(500, Deadline)) is Task<int>)
        {
        }
    }

    private async Task AssertResetAsync(Socket socket)
    {
        var buffer = new byte[MiB];
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (await socket.ReceiveAsync(buffer, Deadline) > 0)
            {
            }
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    private static Socket Listen()
    {
        var socket = Bind();
        socket.Listen(512);
        return socket;
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, Deadline);
        return socket;
    }
}
