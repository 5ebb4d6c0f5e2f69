using System.Net;
using System.Net.Sockets;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>What a connection tells of itself as the kernel sees it, and that nobody else pays for that.</summary>
public sealed class TcpInfoTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task TryGetTcpInfo_BytesWentBothWays_IsPlausible()
    {
        var (connection, peer) = _fixture.Open();
        await connection.Transport.Output.WriteAsync(new byte[10_000]).Soon();
        await peer.ReceiveExactlyAsync(10_000);
        var feature = connection.Features.Get<ITcpInfoFeature>()!;

        TcpInfo info = default;
        await Waiting.UntilAsync(() => feature.TryGetTcpInfo(out info) && info.UnacknowledgedBytes is 0 or null);

        Assert.InRange(info.RoundTripTime, TimeSpan.FromMicroseconds(1), TimeSpan.FromMinutes(1));
        Assert.InRange(info.RoundTripTimeVariance, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.InRange(info.MaxSegmentSize, 500, 65_536);
        Assert.InRange(info.CongestionWindow, info.MaxSegmentSize, 100_000_000);
        Assert.InRange(info.Retransmits, 0, 100);
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(info.DeliveryRate!.Value, 1_000, long.MaxValue);
            Assert.InRange(info.MinRoundTripTime!.Value, TimeSpan.Zero, info.RoundTripTime);
            Assert.Equal(0, info.UnsentBytes);
        }
    }

    // The peer does not read: what the kernel has taken beyond the peer's window is unacknowledged, and unsent.
    [Fact]
    public async Task TryGetTcpInfo_PeerDoesNotRead_TellsWhatWaits()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone tells it.");
        var (connection, peer) = _fixture.Open();
        _ = ConnectionFixture.WriteMoreThanFits(connection);

        TcpInfo info = default;
        await Waiting.UntilAsync(() => connection.TryGetTcpInfo(out info) && info.UnsentBytes > 0);

        Assert.InRange(info.UnacknowledgedBytes!.Value, info.UnsentBytes!.Value, long.MaxValue);
        await Waiting.UntilAsync(() => peer.Available > 0);
    }

    [Fact]
    public async Task TryGetTcpInfo_ConnectionHasEnded_IsFalseAndAsksNobody()
    {
        var (connection, _) = _fixture.Open();
        var feature = connection.Features.Get<ITcpInfoFeature>()!;
        connection.Abort();
        await connection.DisposeAsync().Soon();
        var calls = _fixture.Calls.TcpInfoCount;

        Assert.False(feature.TryGetTcpInfo(out var info));

        Assert.Equal(default, info);
        Assert.Null(connection.Features.Get<ITcpInfoFeature>());
        Assert.Equal(calls, _fixture.Calls.TcpInfoCount);
    }

    // The descriptor may be somebody else's the moment after: it stays open until the kernel has answered.
    [Fact]
    public async Task TryGetTcpInfo_EndComesMeanwhile_ClosesTheDescriptorAfterwards()
    {
        var (connection, _) = _fixture.Open();
        var wasClosed = false;
        Task? ending = null;
        _fixture.Calls.BeforeTcpInfo = () =>
        {
            ending = Task.Run(() => connection.Abort());
            Assert.True(SpinWait.SpinUntil(() => connection.HasShutDown, TimeSpan.FromSeconds(30)));
            wasClosed = SpinWait.SpinUntil(
                () => _fixture.ClosesOf(connection.Descriptor) > 0, TimeSpan.FromMilliseconds(50));
        };

        Assert.True(connection.TryGetTcpInfo(out _));

        Assert.False(wasClosed);
        await ending!.Soon();
        await connection.DisposeAsync().Soon();
        Assert.Equal(1, _fixture.ClosesOf(connection.Descriptor));
    }

    [Fact]
    public async Task Features_NobodyAsks_CostNoCall()
    {
        var (connection, peer) = _fixture.Open();
        await connection.Transport.Output.WriteAsync(new byte[10]).Soon();
        await peer.ReceiveExactlyAsync(10);
        connection.Abort();
        await connection.DisposeAsync().Soon();

        Assert.Equal(0, _fixture.Calls.TcpInfoCount);
    }

    [Fact]
    public async Task Features_OutboundConnection_HaveIt()
    {
        using var listener = Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var factory = new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 1 });
        await using var connection = await factory.ConnectAsync(
            listener.LocalEndPoint!, TestContext.Current.CancellationToken);

        Assert.True(connection.Features.Get<ITcpInfoFeature>()!.TryGetTcpInfo(out var info));
        Assert.InRange(info.MaxSegmentSize, 500, 65_536);
        Assert.Contains(connection.Features, feature => feature.Key == typeof(ITcpInfoFeature));
    }

    [Fact]
    public async Task Features_UnixSocket_DoNotHaveIt()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = Listen(new UnixDomainSocketEndPoint(path));
        using var factory = new KqueueConnectionFactory(new KqueueTransportOptions { LoopCount = 1 });
        await using var connection = await factory.ConnectAsync(
            listener.LocalEndPoint!, TestContext.Current.CancellationToken);

        Assert.Null(connection.Features.Get<ITcpInfoFeature>());
        Assert.DoesNotContain(connection.Features, feature => feature.Key == typeof(ITcpInfoFeature));
        File.Delete(path);
    }

    private static Socket Listen(EndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(endPoint);
        socket.Listen();
        return socket;
    }
}
