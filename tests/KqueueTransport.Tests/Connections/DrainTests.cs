using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>Connections whose application is done while their peer takes nothing, or is gone.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task DisposeAsync_PeerNeverReads_EndsWithTheDrainTimeout()
    {
        await using var fixture = new ConnectionFixture(
            configure: options => options.DrainTimeout = TimeSpan.FromMilliseconds(200));
        var (connection, _) = fixture.Open();
        ConnectionFixture.WriteMoreThanFits(connection);

        await connection.DisposeAsync().Soon();

        fixture.AssertClosed(connection, SocketCall.Abort);
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task DisposeAsync_ThreadStaysInsideItsSend_IsNotTakenForThePeer()
    {
        var drainTimeout = TimeSpan.FromMilliseconds(50);
        var payload = Payload.Create(100);
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hasLooked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new ManualResetEventSlim();
        await using var fixture = new ConnectionFixture(configure: options => options.DrainTimeout = drainTimeout);
        var (connection, peer) = fixture.Open();
        fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Send && isInside.TrySetResult())
            {
                goOn.Wait(TimeSpan.FromSeconds(20));
            }
        };
        var write = Task.Run(async () => await connection.Transport.Output.WriteAsync(payload));
        await isInside.Task.Soon();

        var end = Task.Run(async () => await connection.DisposeAsync());
        fixture.Loop.Schedule(3 * drainTimeout, _ => hasLooked.SetResult(), null);
        await hasLooked.Task.Soon();
        goOn.Set();

        Assert.Equal(payload, await peer.ReceiveAllAsync());
        await write.Soon();
        await end.Soon();
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task DisposeAsync_PeerNeverReadsAndTheUserTimeoutIsOver_EndsWithIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The option is Linux's.");
        await using var fixture = new ConnectionFixture(configure: options =>
            options.DrainTimeout = Timeout.InfiniteTimeSpan);
        var (connection, peer) = fixture.Open();
        var socket = ((Microsoft.AspNetCore.Connections.Features.IConnectionSocketFeature)connection).Socket;
        socket.SetRawSocketOption(6, 18, BitConverter.GetBytes(1000));
        ConnectionFixture.WriteMoreThanFits(connection);

        await connection.DisposeAsync().Soon();

        Assert.Equal(1, fixture.ClosesOf(connection.Descriptor));
        GC.KeepAlive(peer);
    }

    [Fact]
    public async Task DisposeAsync_OutboundAndThePeerReadsLater_DoesNotWaitAndEverythingArrives()
    {
        await using var fixture = new ConnectionFixture();
        var (connection, peer) = fixture.Open(isOutbound: true);
        var (flush, written) = ConnectionFixture.WriteMoreThanFits(connection);

        Assert.True(connection.DisposeAsync().IsCompleted);

        Assert.False(flush.IsCompleted);
        Assert.Equal(written, (await peer.ReceiveAllAsync()).Length);
        Assert.False((await flush.Soon()).IsCanceled);
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task DisposeAsync_OutboundAndThePeerNeverReads_EndsBehindItWithTheDrainTimeout()
    {
        await using var fixture = new ConnectionFixture(
            configure: options => options.DrainTimeout = TimeSpan.FromMilliseconds(200));
        var (connection, _) = fixture.Open(isOutbound: true);
        var (flush, _) = ConnectionFixture.WriteMoreThanFits(connection);

        Assert.True(connection.DisposeAsync().IsCompleted);

        Assert.True((await flush.Soon()).IsCompleted);
        await Waiting.UntilAsync(() => fixture.ClosesOf(connection.Descriptor) > 0);
        fixture.AssertClosed(connection, SocketCall.Abort);
        Assert.Contains(fixture.Log.Entries, entry => entry.Id.Name == "ConnectionWriteRst");
        await fixture.AssertEndedCleanlyAsync();
    }

    // Nobody reads or writes, and both ways lead through the READ event alone.
    [Theory]
    [InlineData("peer's FIN came before")]
    [InlineData("input is completed")]
    public async Task HalfClose_PeerResetsWhileTheOutputIsIdle_FiresConnectionClosed(string how)
    {
        await using var fixture = new ConnectionFixture(configure: options => options.HalfClose = true);
        var (connection, peer) = fixture.Open();
        if (how == "input is completed")
        {
            await connection.Transport.Input.CompleteAsync();
        }
        else
        {
            peer.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
        }

        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        await connection.Transport.Output.WriteAsync(new byte[1]).Soon();
        await Waiting.UntilAsync(() => peer.Available == 1);
        peer.Reset();

        await Waiting.UntilAsync(() => connection.ConnectionClosed.IsCancellationRequested);
        Assert.Contains(fixture.Log.Entries, entry => entry.Id.Name == "ConnectionReset");
        await fixture.AssertEndedCleanlyAsync();
    }
}
