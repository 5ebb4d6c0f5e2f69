using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections.Accepting;
using KqueueTransport.Diagnostics;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>What an endpoint's limits keep out, and that they let in again.</summary>
public sealed class AcceptLimitTests : IAsyncDisposable
{
    private readonly ListenerFixture _fixture = new(handOver: false);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void Limits_NoneIsSet_AreNone() => Assert.Null(_fixture.Listen().Limits);

    [Fact]
    public async Task ConnectionsMax_Reached_TheNextWaitsInTheKernelUntilOneEnds()
    {
        var listener = Listen(options => options.ConnectionsMax = 2);
        await _fixture.ConnectAsync(2);
        var first = await _fixture.AcceptAsync();
        await _fixture.AcceptAsync();
        await _fixture.ConnectAsync();
        await Waiting.UntilAsync(() => listener.Statistics.WaitsFor(ListenerLimit.Connections) > 0);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(2, _fixture.AcceptedByTheKernel);

        first.Abort();

        var third = await _fixture.AcceptAsync();
        Assert.Equal(_fixture.Peers[2].LocalEndPoint, third.RemoteEndPoint);
        Assert.Equal(1, _fixture.WarningCount);
        Assert.Contains("have reached ConnectionsMax. Those beyond it wait in the kernel", LoggedWarning());
    }

    [Fact]
    public async Task ConnectionsMax_ReachedAndReset_TheNextIsResetUntilOneEnds()
    {
        var listener = Listen(options => (options.ConnectionsMax, options.OverLimit) = (1, OverLimit.Reset));
        await _fixture.ConnectAsync();
        var first = await _fixture.AcceptAsync();
        for (var i = 0; i < 20; i++)
        {
            await ConnectAndBeResetAsync(IPAddress.Loopback);
        }

        first.Abort();
        await Waiting.UntilAsync(() => listener.Limits!.Connections.Taken == 0);

        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
        await Waiting.UntilAsync(() => listener.Statistics.RefusalsFor(ListenerLimit.Connections) == 20);
        Assert.Equal(2, listener.Statistics.Accepts);
        Assert.Equal(1, _fixture.WarningCount);
        Assert.Contains("Those beyond it are reset", LoggedWarning());
    }

    [Fact]
    public async Task AcceptsPerSecond_UsedUp_TheNextWaitsForItsTime()
    {
        var listener = Listen(options => options.AcceptsPerSecond = 3);
        await _fixture.ConnectAsync(4);
        for (var i = 0; i < 3; i++)
        {
            await _fixture.AcceptAsync();
        }

        // It looks again and again, and takes none before its time.
        var waits = listener.Statistics.WaitsFor(ListenerLimit.Rate);
        await Waiting.UntilAsync(() => listener.Statistics.WaitsFor(ListenerLimit.Rate) > waits + 2);
        Assert.Equal(3, _fixture.AcceptedByTheKernel);

        _fixture.Clock.Advance(TimeSpan.FromSeconds(1) / 3);

        await _fixture.AcceptAsync();
        Assert.Equal(1, _fixture.WarningCount);
        Assert.Equal(0, _fixture.CountOf(Sockets.SocketCall.OpenProbe));
    }

    [Fact]
    public async Task AcceptsPerSecond_UsedUpAndReset_TheNextIsReset()
    {
        var listener = Listen(options => (options.AcceptsPerSecond, options.OverLimit) = (1, OverLimit.Reset));
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
        await ConnectAndBeResetAsync(IPAddress.Loopback);

        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
        Assert.Equal(1, listener.Statistics.RefusalsFor(ListenerLimit.Rate));
    }

    [Theory]
    [InlineData(OverLimit.Wait)]
    [InlineData(OverLimit.Reset)]
    public async Task ConnectionsPerAddressMax_Reached_TheAddressIsResetAndOthersAreServed(OverLimit overLimit)
    {
        SkipWithoutManyAddresses();
        var listener = Listen(options => (options.ConnectionsPerAddressMax, options.OverLimit) = (1, overLimit));
        await ConnectFromAsync(IPAddress.Parse("127.0.0.2"));
        var first = await _fixture.AcceptAsync();

        await ConnectAndBeResetAsync(IPAddress.Parse("127.0.0.2"));
        await ConnectFromAsync(IPAddress.Parse("127.0.0.3"));
        await _fixture.AcceptAsync();

        first.Abort();
        await Waiting.UntilAsync(() => listener.Limits!.Networks == 1);
        await ConnectFromAsync(IPAddress.Parse("127.0.0.2"));
        await _fixture.AcceptAsync();
        Assert.Equal(1, listener.Statistics.RefusalsFor(ListenerLimit.Address));
        Assert.Contains("have reached ConnectionsPerAddressMax. Those beyond it are reset", LoggedWarning());
    }

    [Fact]
    public async Task AddressPrefixIPv4_Shorter_CountsTheNetwork()
    {
        SkipWithoutManyAddresses();
        Listen(options => (options.ConnectionsPerAddressMax, options.AddressPrefixIPv4) = (1, 24));
        await ConnectFromAsync(IPAddress.Parse("127.0.9.1"));
        await _fixture.AcceptAsync();

        await ConnectAndBeResetAsync(IPAddress.Parse("127.0.9.200"));
        await ConnectFromAsync(IPAddress.Parse("127.0.10.1"));
        await _fixture.AcceptAsync();
    }

    // Middleware, of the PROXY protocol for one, gives a connection another end point: the peer stays who it was.
    [Fact]
    public async Task ConnectionsPerAddressMax_EndPointIsReplaced_CountsThePeer()
    {
        var listener = Listen(options => options.ConnectionsPerAddressMax = 1);
        await _fixture.ConnectAsync();
        var connection = await _fixture.AcceptAsync();
        connection.RemoteEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1);

        connection.Abort();

        await Waiting.UntilAsync(() => listener.Limits!.Networks == 0);
        await _fixture.ConnectAsync();
        await _fixture.AcceptAsync();
    }

    // Goal: nothing is kept of who has gone. Method: a thousand peers, each of an address of its own; every other one
    // resets at once, some before they are accepted, and the rest is ended from several threads.
    [Fact]
    public async Task Bookkeeping_ManyAddressesComeAndGo_IsEmptyInTheEnd()
    {
        SkipWithoutManyAddresses();
        const int Peers = 1_000;
        var listener = Listen(options =>
            (options.ConnectionsPerAddressMax, options.ConnectionsMax, options.Backlog) = (1, Peers, 65_535));
        for (var i = 0; i < Peers; i++)
        {
            var peer = await ConnectFromAsync(
                new IPAddress([127, (byte)(i % 7), (byte)(i / 250), (byte)(1 + i % 250)]));
            if (i % 2 == 0)
            {
                peer.Reset();
            }
        }

        var accepted = new List<ConnectionContext>();
        for (var i = 0; i < Peers; i++)
        {
            accepted.Add(await _fixture.AcceptAsync());
        }

        Assert.InRange(listener.Limits!.Networks, 1, Peers);
        Parallel.ForEach(accepted, connection => connection.Abort());

        await Waiting.UntilAsync(() => listener.Limits.Connections.Taken == 0);
        Assert.Equal(0, listener.Limits.Networks);
        Assert.Equal(0, listener.Statistics.RefusalsFor(ListenerLimit.Address));
    }

    // Goal: no end of a connection is missed. Method: peers queue for one place, which other threads set free at the
    // moment when the acceptor finds it taken. By FIN: a reset could come before a peer's connect(2) has returned.
    [Fact]
    public async Task ConnectionsMax_PlacesAreSetFreeAsTheyAreLookedAt_EverybodyGetsOne()
    {
        Listen(options => options.ConnectionsMax = 1);
        for (var round = 0; round < 10; round++)
        {
            const int Peers = 100;
            var connecting = _fixture.ConnectAsync(Peers);
            for (var i = 0; i < Peers; i++)
            {
                var connection = await _fixture.AcceptAsync();
                _ = Task.Run(connection.DisposeAsync);
            }

            await connecting;
        }
    }

    [Theory]
    [InlineData(ListenerLimitOption.Connections)]
    [InlineData(ListenerLimitOption.Rate)]
    public async Task Unbind_WhileOthersWait_ResetsThemAndEnds(ListenerLimitOption limit)
    {
        var listener = Listen(options =>
        {
            options.ConnectionsMax = limit is ListenerLimitOption.Connections ? 1 : null;
            options.AcceptsPerSecond = limit is ListenerLimitOption.Rate ? 1 : null;
        });
        await _fixture.ConnectAsync(3);
        var first = await _fixture.AcceptAsync();
        await _fixture.LoopBarrierAsync();

        await listener.UnbindAsync().AsTask().Soon();

        foreach (var peer in _fixture.Peers.Skip(1))
        {
            var error = await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }

        first.Abort();
        Assert.Null(await listener.AcceptAsync().AsTask().Soon());
        await Waiting.UntilAsync(() => listener.Limits!.Connections.Taken == 0);
    }

    public enum ListenerLimitOption
    {
        Connections,
        Rate,
    }

    private KqueueConnectionListener Listen(Action<KqueueTransportOptions> set)
    {
        var options = new KqueueTransportOptions();
        set(options);
        return _fixture.Listen(options);
    }

    private async Task<Socket> ConnectFromAsync(IPAddress address)
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _fixture.Peers.Add(peer);
        peer.Bind(new IPEndPoint(address, 0));
        await peer.ConnectAsync(_fixture.Listener.EndPoint).Soon();
        return peer;
    }

    // The reset may come before connect(2) has returned.
    private async Task ConnectAndBeResetAsync(IPAddress address)
    {
        var error = await Assert.ThrowsAsync<SocketException>(
            async () => await (await ConnectFromAsync(address)).ReceiveAllAsync());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private string LoggedWarning() => Assert.Single(
        _fixture.Log.Entries, entry => entry.Level == Microsoft.Extensions.Logging.LogLevel.Warning).Message;

    private static void SkipWithoutManyAddresses() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone has all of 127.0.0.0/8 on loopback.");
}
