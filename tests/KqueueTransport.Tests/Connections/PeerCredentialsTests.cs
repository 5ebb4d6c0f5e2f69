using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Connections.Contexts;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KqueueTransport.Tests.Connections;

/// <summary>The feature that says who is at the other end of a Unix socket: whose it is, and for how long.</summary>
public sealed class PeerCredentialsTests : IAsyncDisposable
{
    private static readonly KqueueTransportOptions s_options = new() { LoopCount = 1 };

    private readonly HostLoops _host = new(Options.Create(s_options), NullLoggerFactory.Instance);
    private readonly Stack<IAsyncDisposable> _owned = new();

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned))
        {
            await owned.DisposeAsync().AsTask().Soon();
        }

        _host.Dispose();
    }

    [Fact]
    public async Task Features_AcceptedUnixConnection_NameThisProcess()
    {
        var (accepted, _) = await ConnectAsync(UnixEndPoint());

        var credentials = accepted.Features.Get<IUnixPeerCredentialsFeature>();

        Assert.Equal(Environment.ProcessId, credentials!.ProcessId);
        Assert.Contains(accepted.Features, feature => feature.Key == typeof(IUnixPeerCredentialsFeature));
    }

    [Fact]
    public async Task Features_OutboundUnixConnection_NameTheListener()
    {
        var listener = await BindAsync(UnixEndPoint());
        using var factory = new KqueueConnectionFactory(s_options);
        await using var connection = await factory.ConnectAsync(
            listener.EndPoint, TestContext.Current.CancellationToken);

        var credentials = connection.Features.Get<IUnixPeerCredentialsFeature>();

        Assert.Equal(Environment.ProcessId, credentials!.ProcessId);
        connection.Abort();
    }

    [Fact]
    public async Task Features_TcpConnection_DoNotHaveIt()
    {
        var (accepted, _) = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.Null(accepted.Features.Get<IUnixPeerCredentialsFeature>());
        Assert.DoesNotContain(accepted.Features, feature => feature.Key == typeof(IUnixPeerCredentialsFeature));
    }

    [Fact]
    public async Task Features_PeerHasEndedBeforeTheyAreAsked_NameItAllTheSame()
    {
        var (accepted, peer) = await ConnectAsync(UnixEndPoint());
        peer.Dispose();
        Assert.True((await accepted.Transport.Input.ReadAsync().Soon()).IsCompleted);

        var credentials = accepted.Features.Get<IUnixPeerCredentialsFeature>();

        Assert.NotNull(credentials);
        Assert.Contains(credentials.ProcessId, (int?[])[Environment.ProcessId, null]);
    }

    [Fact]
    public async Task Features_ConnectionHasEnded_DoNotHaveItButWhatWasAskedStays()
    {
        var (accepted, _) = await ConnectAsync(UnixEndPoint());
        var asked = accepted.Features.Get<IUnixPeerCredentialsFeature>()!;
        accepted.Abort();
        await accepted.DisposeAsync().AsTask().Soon();

        Assert.Null(accepted.Features.Get<IUnixPeerCredentialsFeature>());
        Assert.Equal(Environment.ProcessId, asked.ProcessId);
    }

    // By then the descriptor's number may be another connection's, and the answer another peer's.
    [Fact]
    public async Task Features_ConnectionHasEnded_AskNobody()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, _) = fixture.Open();
        Assert.Null(connection.Features.Get<IUnixPeerCredentialsFeature>());
        Assert.Equal(1, fixture.Calls.PeerCredentialsCount);
        connection.Abort();
        await connection.DisposeAsync().AsTask().Soon();

        Assert.Null(connection.Features.Get<IUnixPeerCredentialsFeature>());

        Assert.Equal(1, fixture.Calls.PeerCredentialsCount);
    }

    [Fact]
    public async Task Features_Replaced_AreTheApplicationsAndListedOnce()
    {
        var (accepted, _) = await ConnectAsync(UnixEndPoint());
        var own = accepted.Features.Get<IUnixPeerCredentialsFeature>()!;

        accepted.Features.Set(own);

        Assert.Same(own, accepted.Features.Get<IUnixPeerCredentialsFeature>());
        Assert.Single(accepted.Features, feature => feature.Key == typeof(IUnixPeerCredentialsFeature));
    }

    private static UnixDomainSocketEndPoint UnixEndPoint() =>
        new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()));

    private async Task<(ConnectionContext Accepted, Socket Peer)> ConnectAsync(EndPoint endPoint)
    {
        var listener = await BindAsync(endPoint);
        var peer = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _owned.Push(new Owned(peer));
        await peer.ConnectAsync(listener.EndPoint).Soon();
        var accepted = (await listener.AcceptAsync().AsTask().Soon())!;
        _owned.Push(accepted);
        return (accepted, peer);
    }

    private async Task<IConnectionListener> BindAsync(EndPoint endPoint)
    {
        var listener = await new KqueueConnectionListenerFactory(_host).BindAsync(
            endPoint, TestContext.Current.CancellationToken);
        _owned.Push(listener);
        return listener;
    }

    private sealed class Owned(IDisposable owned) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            owned.Dispose();
            return default;
        }
    }
}
