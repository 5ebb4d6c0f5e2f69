using System.Net.WebSockets;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>WebSockets: connections that leave HTTP and talk both ways.</summary>
public abstract class WebSocketTests(TestTransport transport) : WebAppSuite(transport)
{
    [Theory]
    [InlineData(WebSocketMessageType.Text, 0)]
    [InlineData(WebSocketMessageType.Text, 5)]
    [InlineData(WebSocketMessageType.Binary, 125)]
    [InlineData(WebSocketMessageType.Binary, 70_000)]
    [InlineData(WebSocketMessageType.Binary, Pattern.MiB)]
    public async Task Message_OfAnySize_ComesBack(WebSocketMessageType type, int length)
    {
        using var socket = await OpenAsync(StartWebApp());
        var message = type == WebSocketMessageType.Text ? "hello"u8[..length].ToArray() : Pattern.OneMiB[..length];

        var sending = socket.SendAsync(message, type, endOfMessage: true, Deadline);
        var (answerType, answer) = await ReceiveAsync(socket);
        await sending;

        Assert.Equal(type, answerType);
        Assert.Equal(message, answer);
    }

    [Fact]
    public async Task Sockets_Many_EachGetTheirOwnMessages()
    {
        var server = StartWebApp();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using var socket = await OpenAsync(server);
            for (var round = 0; round < 10; round++)
            {
                var message = BitConverter.GetBytes((i * 100) + round);
                await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, Deadline);
                Assert.Equal(message, (await ReceiveAsync(socket)).Bytes);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Deadline);
        }));
    }

    [Fact]
    public async Task Client_Vanishes_LeavesTheServerWell()
    {
        var server = StartWebApp();
        for (var i = 0; i < 20; i++)
        {
            using var socket = await OpenAsync(server);
            await socket.SendAsync(new byte[10], WebSocketMessageType.Binary, endOfMessage: false, Deadline);
            socket.Abort();
        }

        using var last = await OpenAsync(server);
        await last.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Deadline);
        Assert.Equal(WebSocketState.Closed, last.State);
    }

    [Fact]
    public async Task Server_Stops_ClosesTheSocket()
    {
        var server = StartWebApp();
        using var socket = await OpenAsync(server);

        var received = socket.ReceiveAsync(new byte[1], Deadline);
        var stopping = server.DisposeAsync();

        Assert.Equal(WebSocketMessageType.Close, (await received).MessageType);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Deadline);
        await stopping.AsTask().WaitAsync(Deadline);
    }

    private async Task<ClientWebSocket> OpenAsync(WebAppServer server)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{server.Http}/ws"), Deadline);
        return socket;
    }

    private async Task<(WebSocketMessageType Type, byte[] Bytes)> ReceiveAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[32 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), Deadline);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return (part.MessageType, message.ToArray());
            }
        }
    }
}
