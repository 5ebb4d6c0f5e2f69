using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Common.Net;
using KqueueTransport.IntegrationTests.Servers;
using KqueueTransport.IntegrationTests.Survival;
using KqueueTransport.ProxyProtocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Endpoints behind a proxy that names its clients.</summary>
public abstract class ProxyProtocolTests(TestTransport transport) : TransportSuite(transport)
{
    private const string Request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    // A client, or a proxy, that gets no core for some seconds is not one that sends no header.
    private static readonly TimeSpan s_headerTimeout = TimeSpan.FromSeconds(30);

    private static readonly IPEndPoint s_client = new(IPAddress.Parse("192.0.2.1"), 56324);
    private static readonly IPEndPoint s_front = new(IPAddress.Parse("198.51.100.7"), 443);

    [Theory]
    [InlineData(ProxyProtocolVersion.V1, int.MaxValue)]
    [InlineData(ProxyProtocolVersion.V2, int.MaxValue)]
    [InlineData(ProxyProtocolVersion.V1, 1)]
    [InlineData(ProxyProtocolVersion.V2, 1)]
    public async Task Request_BehindAHeader_HasTheEndPointsThatItNames(ProxyProtocolVersion version, int pieceBytes)
    {
        var server = await StartAsync(_ => { });
        using var connection = await ConnectAsync(server.EndPoint);
        byte[] bytes = [.. HeaderOf(version), .. Encoding.ASCII.GetBytes(Request + Request)];
        foreach (var piece in bytes.Chunk(pieceBytes))
        {
            await connection.SendAsync(piece);
        }

        for (var request = 0; request < 2; request++)
        {
            var response = await connection.ReceiveResponseAsync();
            Assert.Equal(
                $"{s_client} {s_front} {connection.LocalEndPoint} {server.EndPoint}", response.Body);
        }
    }

    [Fact]
    public async Task Request_BehindAHeaderWithValues_HasThem()
    {
        const byte Authority = 0x02;
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => UseProxyProtocol(listen)),
            app => app.Run(context => context.Response.WriteAsync(
                context.Features.Get<IProxyProtocolFeature>()!.Header.TryGetValue(Authority, out var name)
                    ? Encoding.ASCII.GetString(name.Span)
                    : "none")));
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Write(new(ProxyProtocolVersion.V2, s_client, s_front)
        {
            Values = [new(0xE0, new byte[300]), new(Authority, "a.example"u8.ToArray())],
        }));
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Contains("a.example", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_OfTheProxyItself_HasTheConnectionsOwnEndPoints()
    {
        var server = await StartAsync(_ => { });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Write(new(ProxyProtocolVersion.V2, null, null) { IsLocal = true }));
        await connection.SendAsync(Request);

        var response = await connection.ReceiveResponseAsync();

        var (client, front) = (connection.LocalEndPoint, server.EndPoint);
        Assert.Equal($"{client} {front} {client} {front}", response.Body);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    public async Task Connection_TrustedPeerWithoutAHeader_IsReset(string first)
    {
        var server = await StartAsync(_ => { });

        await AssertResetAsync(server, Encoding.ASCII.GetBytes(first));
    }

    [Fact]
    public async Task Connection_NoHeaderInTime_IsReset()
    {
        var server = await StartAsync(options => options.Timeout = TimeSpan.FromMilliseconds(50));

        await AssertResetAsync(server, "PROXY TCP4 "u8.ToArray());
    }

    [Fact]
    public async Task Connection_HeaderLongerThanAllowed_IsReset()
    {
        var server = await StartAsync(options => options.MaxHeaderSize = 300);

        await AssertResetAsync(server, Write(new(ProxyProtocolVersion.V2, s_client, s_front)
        {
            Values = [new(0xE0, new byte[300])],
        }));
    }

    [Fact]
    public async Task Connection_EndsWithoutAByte_IsNoTrouble()
    {
        var server = await StartAsync(_ => { });
        using (var connection = await ConnectAsync(server.EndPoint))
        {
            connection.SendFin();
            Assert.Equal("", await connection.ReceiveToEndAsync());
        }

        await server.StopAsync(Deadline);
    }

    [Fact]
    public async Task Connection_PeerIsNotTrusted_IsReset()
    {
        var server = await StartAsync(options => options.TrustedNetworks.Clear());

        await AssertResetAsync(server, HeaderOf(ProxyProtocolVersion.V2));
    }

    [Fact]
    public async Task Connection_PeerIsNotTrustedButAllowed_IsServedAsItIs()
    {
        var server = await StartAsync(options =>
        {
            options.TrustedNetworks.Clear();
            options.AllowDirectConnections = true;
        });
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(Request);

        var response = await connection.ReceiveResponseAsync();

        Assert.Equal($"{connection.LocalEndPoint} {server.EndPoint} none none", response.Body);
    }

    // Real bytes of a real proxy, which also checks the server's health with a connection of its own.
    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c")]
    public async Task Haproxy_NamesItsClients_RequestsHaveTheirEndPoints(string option)
    {
        var server = await StartAsync(_ => { });
        var front = new IPEndPoint(IPAddress.Loopback, FreePorts.Take(1));
        await using var proxy = await HaproxyProcess.StartAsync(front, [server.EndPoint], option);
        await Until.TrueAsync(() => proxy.IsUp(0), Deadline);
        using var connection = await ConnectAsync(front);
        await connection.SendAsync(Request);

        var response = await connection.ReceiveResponseAsync();

        Assert.StartsWith($"{connection.LocalEndPoint} {front} 127.0.0.1:", response.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_BehindAHeader_Answers()
    {
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                UseProxyProtocol(listen);
                listen.UseHttps(SelfSignedCertificate.Instance);
            }),
            app => app.Run(AnswerAsync));
        using var connection = await ConnectAsync(server.EndPoint);
        await connection.SendAsync(HeaderOf(ProxyProtocolVersion.V2));
        await using var tls = new SslStream(connection.Stream, false, SelfSignedCertificate.IsTheSame);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a" }, Deadline);
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray(), Deadline);

        using var reader = new StreamReader(tls);
        Assert.Contains($"{s_client} {s_front}", await reader.ReadToEndAsync(Deadline), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outbound_ConnectWithAHeader_IsAClientToThePeer()
    {
        var server = await StartAsync(_ => { });
        using var factory = new KqueueConnectionFactory();

        await using var connection = await factory.ConnectAsync(
            server.EndPoint, new(ProxyProtocolVersion.V2, s_client, s_front), Deadline);
        await connection.Transport.Output.WriteAsync(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray(), Deadline);

        using var reader = new StreamReader(connection.Transport.Input.AsStream());
        Assert.Contains($"{s_client} {s_front}", await reader.ReadToEndAsync(Deadline), StringComparison.Ordinal);
    }

    // The reset may come while the client still sends, or even before it knows that it is connected.
    private async Task AssertResetAsync(KestrelHost server, byte[] first)
    {
        var error = await Record.ExceptionAsync(async () =>
        {
            using var connection = await ConnectAsync(server.EndPoint);
            await connection.SendAsync(first);
            await connection.ReceiveToEndAsync();
        });

        var socketError = Assert.IsType<SocketException>(error as SocketException ?? error?.InnerException);
        Assert.True(
            socketError.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown, socketError.Message);
    }

    private Task<KestrelHost> StartAsync(Action<ProxyProtocolOptions> configure) => StartKestrelAsync(
        kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => UseProxyProtocol(listen, configure)),
        app => app.Run(AnswerAsync));

    private static void UseProxyProtocol(ListenOptions listen, Action<ProxyProtocolOptions>? configure = null) =>
        listen.UseProxyProtocol(options =>
        {
            options.Timeout = s_headerTimeout;
            configure?.Invoke(options);
        });

    private static Task AnswerAsync(HttpContext context)
    {
        var connection = context.Connection;
        var proxy = context.Features.Get<IProxyProtocolFeature>();
        var answer =
            $"{new IPEndPoint(connection.RemoteIpAddress!, connection.RemotePort)} " +
            $"{new IPEndPoint(connection.LocalIpAddress!, connection.LocalPort)} " +
            $"{proxy?.ProxyEndPoint?.ToString() ?? "none"} {proxy?.ListenEndPoint?.ToString() ?? "none"}";
        context.Response.ContentLength = answer.Length;
        return context.Response.WriteAsync(answer);
    }

    private static byte[] HeaderOf(ProxyProtocolVersion version) => Write(new(version, s_client, s_front));

    private static byte[] Write(ProxyProtocolHeader header)
    {
        var writer = new ArrayBufferWriter<byte>();
        header.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }
}
