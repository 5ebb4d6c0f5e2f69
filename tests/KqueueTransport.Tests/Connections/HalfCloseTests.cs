using System.Net.Sockets;
using System.Text;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>Connections whose two directions end apart, which is an option.</summary>
public sealed class HalfCloseTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new(configure: options => options.HalfClose = true);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task CompleteOutput_ThePeerGoesOnSending_ReadingGoesOnToItsEnd()
    {
        var (connection, peer) = _fixture.Open();
        await connection.Transport.Output.WriteAsync("the answer"u8.ToArray()).Soon();

        await connection.Transport.Output.CompleteAsync();

        Assert.Equal("the answer"u8.ToArray(), await peer.ReceiveAllAsync());
        await peer.SendAsync("and more"u8.ToArray()).Soon();
        var result = await connection.Transport.Input.ReadAsync().Soon();
        Assert.Equal("and more", Encoding.ASCII.GetString(result.Buffer));
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        peer.Shutdown(SocketShutdown.Send);
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
        await EndedAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task CompleteOutput_BytesUnsent_FinComesBehindThem()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.WouldBlock, SocketStep.AtMost(100), SocketStep.WouldBlock));
        var payload = Payload.Create(1_000_000);
        _ = connection.Transport.Output.WriteAsync(payload);

        await connection.Transport.Output.CompleteAsync();

        Assert.Equal(payload, await peer.ReceiveAllAsync());

        // The peer may see the FIN before whoever sends it, and may have lost the loop meanwhile, comes back from that.
        await Waiting.UntilAsync(() => Shutdowns() > 0);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        await _fixture.AssertEndedCleanlyAsync();
        Assert.Equal(1, Shutdowns());

        int Shutdowns() => _fixture.Calls.CountOf(SocketCall.Shutdown, connection.Descriptor);
    }

    [Fact]
    public async Task PeersFin_OutputIsOpen_IsNoEndOfTheConnection()
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync("the request"u8.ToArray()).Soon();
        peer.Shutdown(SocketShutdown.Send);
        var result = await connection.Transport.Input.ReadAtLeastAsync(12).Soon();
        Assert.True(result.IsCompleted);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);

        await connection.Transport.Output.WriteAsync("the answer"u8.ToArray()).Soon();
        await connection.Transport.Output.CompleteAsync();

        Assert.Equal("the answer"u8.ToArray(), await peer.ReceiveAllAsync());
        await EndedAsync(connection);
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) == 1);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CompleteBoth_InEitherOrder_EndsTheConnection(bool isInputFirst)
    {
        var (connection, peer) = _fixture.Open();

        if (isInputFirst)
        {
            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
        }
        else
        {
            await connection.Transport.Output.CompleteAsync();
            await connection.Transport.Input.CompleteAsync();
        }

        await EndedAsync(connection);
        Assert.Empty(await peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
        Assert.Equal(1, _fixture.Calls.CountOf(SocketCall.Shutdown, connection.Descriptor));
    }

    [Fact]
    public async Task Dispose_AfterTheOutputsEnd_EndsTheConnection()
    {
        var (connection, _) = _fixture.Open();
        await connection.Transport.Output.CompleteAsync();

        await connection.DisposeAsync().Soon();

        Assert.True(connection.ConnectionClosed.IsCancellationRequested);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task CompleteOutput_ThePeerResets_EndsTheConnection()
    {
        var (connection, peer) = _fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();
        await connection.Transport.Output.CompleteAsync();

        peer.Reset();

        await Assert.ThrowsAnyAsync<IOException>(() => reading.Soon());
        await EndedAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // Nobody reads any more, so nobody receives the reset; and nobody writes at the moment.
    [Fact]
    public async Task CompleteInput_ThePeerResets_EndsTheConnection()
    {
        var (connection, peer) = _fixture.Open();
        await connection.Transport.Input.CompleteAsync();

        peer.Reset();

        await EndedAsync(connection);
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) == 1);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PeersFin_ThenItsReset_EndsTheConnection(bool isInputCompleted)
    {
        var (connection, peer) = _fixture.Open();
        peer.Shutdown(SocketShutdown.Send);
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);
        if (isInputCompleted)
        {
            await connection.Transport.Input.CompleteAsync();
        }

        peer.Reset();

        await EndedAsync(connection);
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) == 1);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task BothEnds_EachIsLoggedOnce()
    {
        var (connection, peer) = _fixture.Open();

        await connection.Transport.Output.CompleteAsync();
        peer.Shutdown(SocketShutdown.Send);

        await EndedAsync(connection);
        await connection.DisposeAsync().Soon();
        Assert.Equal(
            ["ConnectionWriteFin", "ConnectionReadFin"],
            _fixture.Log.Entries.Where(entry => entry.Level == LogLevel.Debug).Select(entry => entry.Id.Name));
    }

    // Both directions end at the same moment on two threads: one of them ends the connection, once.
    [Fact]
    public async Task BothEnds_AtOnce_EndTheConnectionOnce()
    {
        for (var round = 0; round < 300; round++)
        {
            var (connection, peer) = _fixture.Open();
            using var start = new Barrier(2);
            var completing = Task.Run(() =>
            {
                start.SignalAndWait();
                connection.Transport.Output.Complete();
            });
            start.SignalAndWait();
            peer.Shutdown(SocketShutdown.Send);

            await completing.Soon();
            await EndedAsync(connection);
        }

        await _fixture.AssertEndedCleanlyAsync();
    }

    private static Task EndedAsync(Connection connection)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(() => closed.TrySetResult());
        return closed.Task.Soon();
    }
}
