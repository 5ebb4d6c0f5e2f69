using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.IntegrationTests.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>What can be listened on, and what a bad endpoint says.</summary>
public abstract class EndPointTests(TestTransport transport) : TransportSuite(transport)
{
    [Fact]
    public async Task Port0_Listened_BecomesARealPort()
    {
        var server = await AnswerAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0));

        Assert.NotEqual(0, server.EndPoint.Port);
        await AssertAnswersAsync(server.EndPoint);
    }

    [Fact]
    public async Task IPv6_Listened_Answers()
    {
        SkipWithoutIPv6();
        var server = await AnswerAsync(kestrel => kestrel.Listen(IPAddress.IPv6Loopback, 0));

        await AssertAnswersAsync(server.EndPoint);
    }

    [Fact]
    public async Task AnyIP_Listened_AnswersOnIPv4AndIPv6()
    {
        SkipWithoutIPv6();
        var server = await AnswerAsync(kestrel => kestrel.ListenAnyIP(0));
        var port = new Uri(server.Addresses[0]).Port;

        await AssertAnswersAsync(new IPEndPoint(IPAddress.Loopback, port));
        await AssertAnswersAsync(new IPEndPoint(IPAddress.IPv6Loopback, port));
    }

    [Fact]
    public async Task UnixPath_Listened_AnswersAndIsGoneAfterwards()
    {
        var path = UnixPath.Next();
        var server = await AnswerAsync(kestrel => kestrel.ListenUnixSocket(path));

        await AssertAnswersAsync(new UnixDomainSocketEndPoint(path));
        await server.DisposeAsync();

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task UnixAbstractName_Listened_Answers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has abstract names of Unix sockets.");
        var endPoint = new UnixDomainSocketEndPoint($"\0kqueue-transport-{Guid.NewGuid()}");
        await AnswerAsync(kestrel => kestrel.Listen(endPoint));

        await AssertAnswersAsync(endPoint);
    }

    [Fact]
    public async Task Connection_OverTcp_KnowsBothItsEnds()
    {
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0),
            app => app.Run(context => context.Response.WriteAsync(
                $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort} " +
                $"{context.Connection.LocalIpAddress}:{context.Connection.LocalPort}")));
        using var connection = await ConnectAsync(server.EndPoint);

        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Contains(
            $"{connection.LocalEndPoint} {server.EndPoint}",
            await connection.ReceiveToEndAsync(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_InUse_FailsTheStart()
    {
        var server = await AnswerAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0));

        var error = await Assert.ThrowsAsync<IOException>(
            () => AnswerAsync(kestrel => kestrel.Listen(server.EndPoint)));

        Assert.IsType<AddressInUseException>(error.InnerException);
        await AssertAnswersAsync(server.EndPoint);
    }

    [Fact]
    public async Task UnixPath_Taken_FailsTheStart()
    {
        var path = UnixPath.Next();
        await AnswerAsync(kestrel => kestrel.ListenUnixSocket(path));

        var error = await Assert.ThrowsAsync<IOException>(
            () => AnswerAsync(kestrel => kestrel.ListenUnixSocket(path)));

        Assert.IsType<AddressInUseException>(error.InnerException);
        await AssertAnswersAsync(new UnixDomainSocketEndPoint(path));
    }

    [Fact]
    public async Task UnixPath_TooLong_FailsTheStart()
    {
        var path = UnixPath.Next() + new string('x', 200);

        var error = await Assert.ThrowsAnyAsync<Exception>(
            () => AnswerAsync(kestrel => kestrel.ListenUnixSocket(path)));

        Assert.Contains("path", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Address_NotOfThisMachine_FailsTheStart()
    {
        // 192.0.2.0/24 is set aside for documentation (RFC 5737).
        await Assert.ThrowsAnyAsync<Exception>(
            () => AnswerAsync(kestrel => kestrel.Listen(IPAddress.Parse("192.0.2.1"), 0)));
    }

    private static void SkipWithoutIPv6()
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        }
        catch (SocketException)
        {
            Assert.Skip("This machine has no IPv6 loopback address.");
        }
    }

    private Task<KestrelHost> AnswerAsync(Action<KestrelServerOptions> listen) =>
        StartKestrelAsync(listen, app => app.Run(context => context.Response.WriteAsync("answer")));

    private async Task AssertAnswersAsync(EndPoint endPoint)
    {
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.Contains("answer", await connection.ReceiveToEndAsync(), StringComparison.Ordinal);
    }
}
