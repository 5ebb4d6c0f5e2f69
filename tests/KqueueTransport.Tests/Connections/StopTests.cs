using System.Net.Sockets;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>Requests that are on their way when a listener stops: Kestrel would close the connection on them.</summary>
public sealed class StopTests : IAsyncDisposable
{
    private readonly ListenerFixture _fixture = new(handOver: false);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Unbind_AConnectionHasSaidNothing_WaitsUntilItsFirstBytesAreRead()
    {
        _fixture.Clock.HoldsTimers = true;
        var (peer, connection) = await ConnectAsync();
        var reading = connection.Transport.Input.ReadAsync();

        var unbinding = _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(unbinding.IsCompleted);
        await peer.SendAsync("hello"u8.ToArray()).Soon();

        await reading.Soon();
        await unbinding.Soon();
    }

    [Fact]
    public async Task Unbind_AConnectionHasSaidNothing_WaitsForItsEnd()
    {
        _fixture.Clock.HoldsTimers = true;
        var (peer, connection) = await ConnectAsync();
        var reading = connection.Transport.Input.ReadAsync();

        var unbinding = _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(unbinding.IsCompleted);
        peer.Reset();

        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Soon());
        await unbinding.Soon();
    }

    // The clock of the fixture stands still, and that of the wait does not: this takes as long as a stop does at most.
    [Fact]
    public async Task Unbind_AConnectionNeverSaysAnything_Ends()
    {
        await ConnectAsync();

        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        Assert.Null(await _fixture.Listener.AcceptAsync().Soon());
    }

    [Fact]
    public async Task Unbind_EveryConnectionWasRead_IsOverAtOnce()
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);

        Assert.True(_fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).IsCompleted);
    }

    // Goal: a request in the kernel when Kestrel cancels the read of an idle connection is answered. Method: the loop
    // is busy while the bytes come and the read is cancelled, so that it finds both.
    [Fact]
    public async Task CancelPendingRead_WhileStoppingWithBytesOnTheirWay_ShowsThem()
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        using var isBusy = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var reading = connection.Transport.Input.ReadAsync();
        _fixture.Post(() =>
        {
            isBusy.Release();
            Assert.True(goOn.Wait(TimeSpan.FromSeconds(20)));
        });
        Assert.True(await isBusy.WaitAsync(TimeSpan.FromSeconds(20)));

        await peer.SendAsync("hello"u8.ToArray()).Soon();
        connection.Transport.Input.CancelPendingRead();
        goOn.Release();

        var read = await reading.Soon();
        Assert.True(read.IsCanceled);
        Assert.Equal(5, read.Buffer.Length);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task CancelPendingRead_WhileStoppingAndNothingComes_EndsTheReadAllTheSame()
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Transport.Input.CancelPendingRead();

        Assert.True((await reading.Soon()).IsCanceled);
    }

    [Fact]
    public async Task CancelPendingRead_WhileStoppingAndThePeerEnds_ShowsTheEnd()
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Transport.Input.CancelPendingRead();
        peer.Shutdown(SocketShutdown.Send);

        Assert.True((await reading.Soon()).IsCanceled);
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
    }

    private async Task<(Socket Peer, ConnectionContext Connection)> ConnectAsync()
    {
        _fixture.Listen();
        var peer = await _fixture.ConnectAsync();
        return (peer, await _fixture.AcceptAsync());
    }

    private static async Task ExchangeAsync(Socket peer, ConnectionContext connection)
    {
        await peer.SendAsync("x"u8.ToArray()).Soon();
        var input = connection.Transport.Input;
        input.AdvanceTo((await input.ReadAsync().Soon()).Buffer.End);
    }
}
