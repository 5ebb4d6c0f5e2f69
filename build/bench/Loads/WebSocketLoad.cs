using System.Net.WebSockets;
using Bench.Tools;

namespace Bench.Loads;

/// <summary>WebSocket messages, by .NET's client.</summary>
/// <param name="Connections">How many connections.</param>
/// <param name="Address">Where they connect.</param>
internal sealed record WebSocketLoad(int Connections, Uri Address) : ClientLoad(Connections)
{
    private const int MessageBytes = 32;

    protected override async Task<IEchoClient> ConnectAsync(int number, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(Address, cancellation);
        return new Client(socket);
    }

    private sealed class Client(ClientWebSocket socket) : IEchoClient
    {
        private readonly byte[] _sent = new byte[MessageBytes];
        private readonly byte[] _received = new byte[MessageBytes];

        public async Task EchoAsync(CancellationToken cancellation)
        {
            await socket.SendAsync(_sent.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellation);
            var echo = await socket.ReceiveAsync(_received.AsMemory(), cancellation);
            if (echo.Count != MessageBytes || !echo.EndOfMessage)
            {
                throw new ToolException($"{echo.Count} of {MessageBytes} bytes came back.");
            }
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
