using System.Net.WebSockets;

namespace WebApp.Endpoints;

/// <summary>Sends every WebSocket message back as it came; says goodbye when the app stops.</summary>
internal static class WebSocketEcho
{
    private const int BufferBytes = 16 * 1024;

    public static void MapWebSocketEcho(this WebApplication app)
    {
        // A pipeline of its own: no other endpoint pays for the middleware.
        IApplicationBuilder webSocket = ((IEndpointRouteBuilder)app).CreateApplicationBuilder();
        webSocket.UseWebSockets();
        webSocket.Run(context => AcceptAsync(context, app.Lifetime.ApplicationStopping));
        app.Map("/ws", webSocket.Build());
    }

    private static async Task AcceptAsync(HttpContext context, CancellationToken stopping)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await ServeAsync(socket, stopping);
    }

    private static async Task ServeAsync(WebSocket socket, CancellationToken stopping)
    {
        // Cancelling a receive would abort the socket; closing the output lets the peer answer the close.
        using var closing = stopping.Register(() => _ = SayGoodbyeAsync(socket));
        try
        {
            await EchoAsync(socket);
            await SayGoodbyeAsync(socket);
        }
        catch (WebSocketException)
        {
            // The peer vanished, or a message of its crossed our goodbye.
        }
    }

    private static async Task EchoAsync(WebSocket socket)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            var message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (message.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            await socket.SendAsync(
                buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, CancellationToken.None);
        }
    }

    private static async Task SayGoodbyeAsync(WebSocket socket)
    {
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException)
        {
            // Said already, or there is nobody left to say it to.
        }
    }
}
