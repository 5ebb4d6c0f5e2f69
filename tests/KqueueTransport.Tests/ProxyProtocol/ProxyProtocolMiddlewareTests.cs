using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.ProxyProtocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace KqueueTransport.Tests.ProxyProtocol;

/// <summary>What no kernel here gives a test: peers without an address, and ends that are no reset.</summary>
public sealed class ProxyProtocolMiddlewareTests
{
    private static readonly IPEndPoint s_ip = new(IPAddress.Loopback, 1);
    private static readonly UnixDomainSocketEndPoint s_unix = new("/run/app.sock");

    private readonly Pipe _input = new();
    private readonly Pipe _output = new();

    public static TheoryData<EndPoint?, EndPoint?, bool> Ends => new()
    {
        { null, s_unix, true },
        { s_unix, s_unix, true },
        { null, null, true },
        { null, s_ip, false },
        { new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), s_ip, false },
        { new IPEndPoint(IPAddress.Loopback, 0), s_ip, true },
    };

    [Theory]
    [MemberData(nameof(Ends), DisableDiscoveryEnumeration = true)]
    public async Task Connection_PeerWithoutAnAddress_IsTrustedOnAUnixSocketAlone(
        EndPoint? peer, EndPoint? local, bool isServed)
    {
        await _input.Writer.WriteAsync("PROXY UNKNOWN\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal(isServed, await IsServedAsync(peer, local));
    }

    [Theory]
    [InlineData(SocketError.TimedOut)]
    [InlineData(SocketError.HostUnreachable)]
    [InlineData(SocketError.NetworkDown)]
    public async Task Connection_ReceivingFails_EndsWithoutAnException(SocketError error)
    {
        await _input.Writer.CompleteAsync(new SocketException((int)error));

        Assert.False(await IsServedAsync(s_ip, s_ip));
    }

    private async Task<bool> IsServedAsync(EndPoint? peer, EndPoint? local)
    {
        var isServed = false;
        var middleware = new ProxyProtocolMiddleware(
            _ =>
            {
                isServed = true;
                return Task.CompletedTask;
            },
            new ProxyProtocolOptions(),
            TimeProvider.System,
            NullLogger.Instance);

        // Not disposed: its abort cancels ConnectionClosed on the thread pool, where a source that is gone by then is
        // an exception that nobody catches.
        var connection = new DefaultConnectionContext("id")
        {
            Transport = new Pipes(_input.Reader, _output.Writer),
            RemoteEndPoint = peer,
            LocalEndPoint = local,
        };
        await middleware.OnConnectionAsync(connection).Soon();
        return isServed;
    }

    private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
