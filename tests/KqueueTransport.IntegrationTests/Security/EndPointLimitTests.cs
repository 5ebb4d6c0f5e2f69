using System.Net;
using System.Net.Sockets;
using KqueueTransport.IntegrationTests.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>An endpoint's own limits under peers that want more.</summary>
[Collection<Alone>]
public sealed class EndPointLimitTests() : TransportSuite(TestTransport.KqueueAdaptive.With(options =>
{
    options.ConnectionsMax = ConnectionsMax;
    options.ConnectionsPerAddressMax = PerAddress;
}))
{
    private const int ConnectionsMax = 100;
    private const int PerAddress = 5;
    private const string Warning = "have reached Connections";
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    // Goal: one address takes no place from another, and the limit no descriptor. Method: one holds all it may and
    // asks for thousands more, which are reset, while others from as many addresses are answered one after the other.
    [Fact]
    public async Task Flood_FromOneAddress_OthersAreServedAndNothingIsLeft()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone has all of 127.0.0.0/8 on loopback.");
        const int Greedy = 2_000;
        const int Others = 200;
        var server = await ServeAsync(context => context.Response.WriteAsync("ok"));
        Log.Expect(Warning);
        await AskFromAsync("127.7.7.7", server.EndPoint);
        var before = OpenDescriptors.Count();
        var held = new List<Socket>();
        for (var i = 0; i < PerAddress; i++)
        {
            held.Add(await ConnectFromAsync("127.9.9.9", server.EndPoint));
        }

        // Taken in the order of their coming: what this one is answered, these have their places.
        Assert.Contains("ok", await AskFromAsync("127.8.8.8", server.EndPoint), StringComparison.Ordinal);

        var flood = FloodAsync();
        for (var i = 0; i < Others; i++)
        {
            var answer = await AskFromAsync($"127.1.{i / 250}.{1 + i % 250}", server.EndPoint);
            Assert.Contains("ok", answer, StringComparison.Ordinal);
        }

        await flood;
        Assert.Equal(1, Log.Count(Warning));
        held.ForEach(socket => socket.Dispose());
        await Until.TrueAsync(() => OpenDescriptors.Count() <= before, Deadline);
        Assert.Contains("ok", await AskFromAsync("127.9.9.9", server.EndPoint), StringComparison.Ordinal);

        async Task FloodAsync()
        {
            for (var i = 0; i < Greedy; i++)
            {
                await ConnectAndLoseAsync("127.9.9.9", server.EndPoint);
            }
        }
    }

    [Fact]
    public async Task Stop_WhileConnectionsWaitForAPlace_EndsAndResetsThem()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone has all of 127.0.0.0/8 on loopback.");
        Log.Expect(Warning);
        var server = await ServeAsync(context => context.Response.WriteAsync("ok"));
        var peers = new List<Socket>();
        for (var i = 0; i < 2 * ConnectionsMax; i++)
        {
            peers.Add(await ConnectFromAsync($"127.2.{i / 250}.{1 + i % 250}", server.EndPoint));
        }

        await server.StopAsync(Deadline);

        foreach (var peer in peers)
        {
            await WaitForEndAsync(peer);
        }
    }

    private async Task<Socket> ConnectFromAsync(string address, EndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        OwnSynchronous(socket);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(endPoint, Deadline);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<string> AskFromAsync(string address, EndPoint endPoint)
    {
        using var socket = await ConnectFromAsync(address, endPoint);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Request), Deadline);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Deadline);
    }

    // The reset may come before connect(2) has returned.
    private async Task ConnectAndLoseAsync(string address, EndPoint endPoint)
    {
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var socket = await ConnectFromAsync(address, endPoint);
            Assert.Equal(-1, await socket.ReceiveAsync(new byte[1], Deadline));
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private async Task WaitForEndAsync(Socket peer)
    {
        try
        {
            Assert.Equal(0, await peer.ReceiveAsync(new byte[1], Deadline));
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }
}
