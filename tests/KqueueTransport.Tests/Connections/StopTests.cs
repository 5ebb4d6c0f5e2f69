using System.Net.Sockets;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Tests.Connections;

/// <summary>Requests that are on their way when a listener stops: Kestrel would close the connection on them.</summary>
public sealed class StopTests : IAsyncDisposable
{
    private readonly ListenerFixture _fixture = new(handOver: false);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    // Goal: a request in the kernel when Kestrel cancels the read of an idle connection is answered. Method: the loop
    // is busy while the bytes come and the read is cancelled, so that it finds both.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_WhileStoppingWithBytesOnTheirWay_ShowsThem(bool byToken)
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        using var source = new CancellationTokenSource();
        var reading = connection.Transport.Input.ReadAsync(source.Token);
        using var goOn = await KeepLoopBusyAsync();

        await DeliverAsync(peer, connection, "hello"u8.ToArray());
        Cancel(connection, byToken ? source : null);
        goOn.Release();

        var read = await reading.Soon();
        Assert.Equal(!byToken, read.IsCanceled);
        Assert.Equal(5, read.Buffer.Length);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    // Goal: Kestrel tells connections to stop once the listener is at its end, and one that it has not begun with would
    // be closed with its request unread. Method: the end comes with the first read, or with the connection's own end.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AcceptAsync_StoppedWithAConnectionNotBegunWith_EndsOnceItIsBegunWithOrOver(bool isOver)
    {
        var (_, connection) = await ConnectAsync();
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        _fixture.Clock.HoldsTimers = true; // It would end by the time, too.

        var accepting = _fixture.Listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.False(accepting.IsCompleted);
        if (isOver)
        {
            connection.Abort();
        }
        else
        {
            Assert.False(connection.Transport.Input.TryRead(out _));
        }

        Assert.Null(await accepting.Soon());
    }

    // A connection that was just accepted: Kestrel may have cancelled its first read before it begins. The loop is busy
    // until the bytes are here, because a read that waits for them does so for a moment only.
    [Fact]
    public async Task CancelPendingRead_WhileStoppingBeforeTheRead_WaitsForBytes()
    {
        var (peer, connection) = await ConnectAsync();
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        using var goOn = await KeepLoopBusyAsync();
        connection.Transport.Input.CancelPendingRead();

        var reading = connection.Transport.Input.ReadAsync();
        await DeliverAsync(peer, connection, "hello"u8.ToArray());
        goOn.Release();

        var read = await reading.Soon();
        Assert.Equal(5, read.Buffer.Length);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    // TLS waits by a read that takes nothing and then reads with the same token.
    [Fact]
    public async Task ReadAsync_WhileStoppingUnderACancelledToken_TakesWhatIsThere()
    {
        var (peer, connection) = await ConnectAsync();
        var input = connection.Transport.Input;
        await peer.SendAsync("hello"u8.ToArray()).Soon();
        input.AdvanceTo((await input.ReadAsync().Soon()).Buffer.Start);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => input.ReadAsync(new(canceled: true)).Soon());

        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();

        var read = await input.ReadAsync(new CancellationToken(canceled: true)).Soon();
        Assert.Equal(5, read.Buffer.Length);
        input.AdvanceTo(read.Buffer.End);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => input.ReadAsync(new(canceled: true)).Soon());
    }

    [Fact]
    public async Task CancelToken_WhileStoppingAndNothingComes_EndsTheReadAllTheSame()
    {
        var (peer, connection) = await ConnectAsync();
        await ExchangeAsync(peer, connection);
        await _fixture.Listener.UnbindAsync(TestContext.Current.CancellationToken).Soon();
        using var source = new CancellationTokenSource();
        var reading = connection.Transport.Input.ReadAsync(source.Token);

        await source.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => reading.Soon());
        Assert.Equal(source.Token, error.CancellationToken);
        await peer.SendAsync("x"u8.ToArray()).Soon();
        Assert.Equal(1, (await connection.Transport.Input.ReadAsync().Soon()).Buffer.Length);
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

    /// <summary>The loop comes to no event and no timer until the result is released.</summary>
    private async Task<SemaphoreSlim> KeepLoopBusyAsync()
    {
        var isBusy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new SemaphoreSlim(0);
        _fixture.Post(() =>
        {
            isBusy.SetResult();
            Assert.True(goOn.Wait(TimeSpan.FromSeconds(30)));
        });
        await isBusy.Task.Soon();
        return goOn;
    }

    /// <summary>The connection's kernel has the bytes when this returns.</summary>
    private static async Task DeliverAsync(Socket peer, ConnectionContext connection, byte[] bytes)
    {
        var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        await peer.SendAsync(bytes).Soon();
        await Waiting.UntilAsync(() => socket.Available == bytes.Length);
    }

    private static void Cancel(ConnectionContext connection, CancellationTokenSource? source)
    {
        if (source is null)
        {
            connection.Transport.Input.CancelPendingRead();
        }
        else
        {
            source.Cancel();
        }
    }

    private static async Task ExchangeAsync(Socket peer, ConnectionContext connection)
    {
        await peer.SendAsync("x"u8.ToArray()).Soon();
        var input = connection.Transport.Input;
        input.AdvanceTo((await input.ReadAsync().Soon()).Buffer.End);
    }
}
