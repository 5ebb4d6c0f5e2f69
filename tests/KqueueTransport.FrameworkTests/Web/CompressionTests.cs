using System.IO.Compression;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KqueueTransport.FrameworkTests.Web;

/// <summary>Responses and WebSocket messages that are compressed on their way.</summary>
public abstract class CompressionTests(TestTransport transport) : TransportSuite(transport)
{
    public static TheoryData<string> Encodings => ["gzip", "br"];

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Response_Compressed_UnpacksToTheSame(string encoding)
    {
        var server = await StartAsync(app => app.Run(
            context => context.Response.WriteAsJsonAsync(Enumerable.Range(0, 200_000))));

        using var response = await GetAsync(server, encoding);
        await using var unpacked = Unpack(encoding, await response.Content.ReadAsStreamAsync(Deadline));

        var numbers = await JsonSerializer.DeserializeAsync<int[]>(unpacked, JsonSerializerOptions.Default, Deadline);
        Assert.Equal(Enumerable.Range(0, 200_000), numbers!);
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Response_CompressedInParts_EachComesWhenItIsFlushed(string encoding)
    {
        var next = new SemaphoreSlim(0);
        var server = await StartAsync(app => app.Run(async context =>
        {
            context.Response.ContentType = "text/plain";
            for (var i = 0; i < 20; i++)
            {
                await context.Response.WriteAsync($"part {i:00}", Deadline);
                await context.Response.Body.FlushAsync(Deadline);
                await next.WaitAsync(Deadline);
            }
        }));

        using var response = await GetAsync(server, encoding);
        await using var unpacked = Unpack(encoding, await response.Content.ReadAsStreamAsync(Deadline));

        var part = new byte["part 00".Length];
        for (var i = 0; i < 20; i++)
        {
            await unpacked.ReadExactlyAsync(part, Deadline);
            Assert.Equal($"part {i:00}", Encoding.ASCII.GetString(part));
            next.Release();
        }

        Assert.Equal(0, await unpacked.ReadAsync(part, Deadline));
    }

    [Fact]
    public async Task WebSocket_CompressedMessages_ComeBack()
    {
        var server = await StartAsync(app => app.UseWebSockets().Run(EchoAsync));
        using var client = new ClientWebSocket();
        client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        client.Options.CollectHttpResponseDetails = true;
        await client.ConnectAsync(new Uri($"ws://{server.EndPoint}/"), Deadline);

        Assert.Contains(
            "permessage-deflate", Assert.Single(client.HttpResponseHeaders!["Sec-WebSocket-Extensions"]));
        var noise = new byte[Pattern.MiB];
        Random.Shared.NextBytes(noise);
        foreach (var message in (byte[][])[[], [1], new byte[100_000], Pattern.OneMiB, noise])
        {
            var echo = ReceiveAsync(client);
            await client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, Deadline);
            Assert.Equal(message, await echo);
        }

        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Deadline);
    }

    private async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { DangerousEnableCompression = true });
        var buffer = new byte[16 * 1024];
        while (await socket.ReceiveAsync(buffer.AsMemory(), Deadline) is var received &&
            received.MessageType != WebSocketMessageType.Close)
        {
            await socket.SendAsync(
                buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, Deadline);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Deadline);
    }

    private async Task<byte[]> ReceiveAsync(ClientWebSocket client)
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await client.ReceiveAsync(buffer.AsMemory(), Deadline);
            message.Write(buffer.AsSpan(0, received.Count));
        }
        while (!received.EndOfMessage);

        return message.ToArray();
    }

    private async Task<HttpResponseMessage> GetAsync(KestrelHost server, string encoding)
    {
        var client = Http.ClientFor(server.EndPoint);
        OwnSynchronous(client);
        client.DefaultRequestHeaders.AcceptEncoding.ParseAdd(encoding);
        var response = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead, Deadline);
        Assert.Equal(encoding, Assert.Single(response.Content.Headers.ContentEncoding));
        return response;
    }

    private static Stream Unpack(string encoding, Stream packed) => encoding == "br"
        ? new BrotliStream(packed, CompressionMode.Decompress)
        : new GZipStream(packed, CompressionMode.Decompress);

    private Task<KestrelHost> StartAsync(Action<IApplicationBuilder> map) => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, 0),
        app => map(app.UseResponseCompression()),
        builder => builder.Services.AddResponseCompression());
}
