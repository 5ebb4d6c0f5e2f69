using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>A way in which connections end: what the client does, and the limits that the server has for it.</summary>
/// <param name="Connections">How many connections the client makes.</param>
/// <param name="RunAsync">The client.</param>
/// <param name="Limits">Sets the server's limits.</param>
internal sealed record ConnectionEnd(
    int Connections,
    Func<KestrelHost, CancellationToken, Task> RunAsync,
    Action<KestrelServerLimits>? Limits = null)
{
    /// <summary>Gets where the server listens, too: the same for each transport, because it is in a tag.</summary>
    public static string UnixPath { get; } = Path.Combine(Path.GetTempPath(), $"kq-{Guid.NewGuid():N}.sock");

    public static Dictionary<string, ConnectionEnd> All { get; } = new()
    {
        ["the client ends it after a request"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/", deadline);
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["the client ends it after a request, IPv6"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server.EndPointAt(3), "/", deadline);
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["the client ends it after a request, Unix socket"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(new UnixDomainSocketEndPoint(UnixPath), "/", deadline);
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["the client ends it before a request"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["the client resets it after a request"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/", deadline);
            raw.SendReset();
        }),
        ["the client resets it while the application waits"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/wait", deadline);
            raw.SendReset();
        }),
        ["the client resets it in a response"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/endless", deadline);
            raw.SendReset();
        }),
        ["the client asks to close"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            await raw.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            await raw.WaitForEndAsync();
        }),
        ["the request is none"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            await raw.SendAsync("nonsense\r\n\r\n");
            await raw.WaitForEndAsync();
        }),
        ["the request has too many headers"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            await raw.SendAsync($"GET / HTTP/1.1\r\n{string.Concat(Enumerable.Repeat("a: b\r\n", 101))}\r\n");
            await raw.WaitForEndAsync();
        }),
        ["the request ends in the middle of its body"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            await raw.SendAsync("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive.");
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["the application aborts it"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
            await raw.SendAsync("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
            await raw.WaitForEndAsync();
        }),
        ["the headers do not come"] = new(
            1,
            async (server, deadline) =>
            {
                using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
                await raw.SendAsync("GET / HTTP/1.1\r\n");
                await raw.WaitForEndAsync();
            },
            limits => limits.RequestHeadersTimeout = TimeSpan.FromMilliseconds(100)),
        ["the next request does not come"] = new(
            1,
            async (server, deadline) =>
            {
                // The limit holds for the first request, too: where that comes late already, the end is the same.
                using var raw = await RawConnection.ConnectAsync(server.EndPoint, deadline);
                await raw.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                await raw.WaitForEndAsync();
            },
            limits => limits.KeepAliveTimeout = TimeSpan.FromMilliseconds(100)),
        ["there are too many"] = new(
            2,
            async (server, deadline) =>
            {
                using var first = await GetAsync(server, "/", deadline);
                using var second = await RawConnection.ConnectAsync(server.EndPoint, deadline);
                await second.WaitForEndAsync();
                first.SendFin();
                await first.WaitForEndAsync();
            },
            limits => limits.MaxConcurrentConnections = 1),
        ["the server stops while it is idle"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/", deadline);
            await server.StopAsync(deadline);
            await raw.WaitForEndAsync();
        }),
        ["the server stops and cannot wait"] = new(1, async (server, deadline) =>
        {
            using var raw = await GetAsync(server, "/wait", deadline);
            await server.StopAsync(new CancellationToken(canceled: true));
            await raw.WaitForEndAsync();
        }),
        ["a WebSocket closes"] = new(1, async (server, deadline) =>
        {
            using var client = new ClientWebSocket();
            await client.ConnectAsync(new Uri($"ws://{server.EndPoint}/socket"), deadline);
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, deadline);
        }),
        ["the handshake of TLS is none"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPointAt(1), deadline);
            await raw.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await raw.WaitForEndAsync();
        }),
        ["TLS, HTTP/1.1"] = new(1, (server, deadline) => GetOverTlsAsync(server, HttpVersion.Version11, deadline)),
        ["TLS, HTTP/2"] = new(1, (server, deadline) => GetOverTlsAsync(server, HttpVersion.Version20, deadline)),
        ["TLS ends without a request"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPointAt(1), deadline);
            await using var tls = new SslStream(raw.Stream, true, SelfSignedCertificate.IsTheSame);
            await tls.AuthenticateAsClientAsync("localhost").WaitAsync(deadline);
            await tls.ShutdownAsync();
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
        ["HTTP/2 begins with nonsense"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPointAt(2), deadline);
            await raw.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense, and more of it");
            await raw.WaitForEndAsync();
        }),
        ["HTTP/2 ends before its settings"] = new(1, async (server, deadline) =>
        {
            using var raw = await RawConnection.ConnectAsync(server.EndPointAt(2), deadline);
            raw.SendFin();
            await raw.WaitForEndAsync();
        }),
    };

    private static Task<RawConnection> GetAsync(KestrelHost server, string path, CancellationToken deadline) =>
        GetAsync(server.EndPoint, path, deadline);

    private static async Task<RawConnection> GetAsync(EndPoint endPoint, string path, CancellationToken deadline)
    {
        var raw = await RawConnection.ConnectAsync(endPoint, deadline);
        await raw.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        await raw.ReceiveHeadAsync();
        if (path == "/")
        {
            await raw.ReceiveAsync("hello".Length);
        }

        return raw;
    }

    private static async Task GetOverTlsAsync(KestrelHost server, Version version, CancellationToken deadline)
    {
        using var client = Http.ClientFor(server.EndPointAt(1), "https", version);
        Assert.Equal("hello", await client.GetStringAsync("/", deadline));
    }
}
