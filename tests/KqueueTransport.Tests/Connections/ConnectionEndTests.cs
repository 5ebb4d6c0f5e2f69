using System.IO.Pipelines;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Tests.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>Every orderly way to end a connection: one close, nothing lost, all memory back.</summary>
public sealed class ConnectionEndTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Dispose_AfterThePeersFin_ClosesOnceAndSendsFin()
    {
        var (connection, peer) = _fixture.Open();
        peer.Shutdown(SocketShutdown.Send);
        Assert.True((await connection.Transport.Input.ReadAsync().Soon()).IsCompleted);

        await connection.DisposeAsync().Soon();

        Assert.Empty(await peer.ReceiveAllAsync());
        _fixture.AssertClosed(connection, SocketCall.Close);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_Twice_ClosesOnce()
    {
        var (connection, peer) = _fixture.Open();

        await connection.DisposeAsync().Soon();
        await connection.DisposeAsync().Soon();

        peer.Dispose();
        await _fixture.AssertClosedSoonAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_BytesReceivedAndNotRead_ReturnsTheirMemory()
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync(Payload.Create(20_000)).Soon();
        var result = await connection.Transport.Input.ReadAtLeastAsync(20_000).Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.Start);
        Assert.NotEqual(0, _fixture.Pool.RentedBytes);

        await connection.DisposeAsync().Soon();

        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_BytesWrittenAndNotFlushed_SendsThemOrReturnsTheirMemory(bool isAborted)
    {
        var (connection, peer) = _fixture.Open();
        connection.Transport.Output.GetMemory(10_000);
        connection.Transport.Output.Advance(100);
        if (isAborted)
        {
            connection.Abort(ConnectionFixture.AbortReason);
        }

        await connection.DisposeAsync().Soon();

        if (!isAborted)
        {
            Assert.Equal(100, (await peer.ReceiveAllAsync()).Length);
        }

        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_BytesUnsent_ClosesWhenThePeerHasTakenThem()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.Fails(Errno.ENOBUFS)));

        // More than the sockets of both ends hold, so that the next try does not send it all, however soon it comes.
        var payload = Payload.Create(16 * 1024 * 1024);
        _ = connection.Transport.Output.WriteAsync(payload);

        var disposing = connection.DisposeAsync();

        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
        Assert.False(disposing.IsCompleted);
        Assert.Equal(payload, await peer.ReceiveAllAsync());
        await disposing.Soon();
        peer.Dispose();
        await _fixture.AssertClosedSoonAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_BytesUnsentAndThePeerResets_Ends()
    {
        var (connection, peer) = _fixture.Open();
        var (flush, _) = ConnectionFixture.WriteMoreThanFits(connection);
        var disposing = connection.DisposeAsync();
        Assert.False(disposing.IsCompleted);

        peer.Reset();

        await disposing.Soon();
        Assert.True((await flush.Soon()).IsCompleted);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_BytesUnsentAndAborted_Ends()
    {
        var (connection, _) = _fixture.Open();
        ConnectionFixture.WriteMoreThanFits(connection);
        var disposing = connection.DisposeAsync();

        connection.Abort(ConnectionFixture.AbortReason);

        await disposing.Soon();
        _fixture.AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Complete_OutputWithAnError_Resets()
    {
        var (connection, _) = _fixture.Open();
        var error = new InvalidOperationException("The handler failed.");

        await connection.Transport.Output.CompleteAsync(error);

        _fixture.AssertClosed(connection, SocketCall.Abort);
        Assert.Same(error, await Assert.ThrowsAsync<InvalidOperationException>(
            () => connection.Transport.Input.ReadAsync().Soon()));
        await _fixture.AssertEndedCleanlyAsync();
    }

    // Goal: the output's end with an error is no orderly one. Method: an event that lets the loop send the rest comes
    // when the output is completed and the connection is about to hear of the error.
    [Fact]
    public async Task Complete_OutputWithAnErrorWhileTheLoopSends_Resets()
    {
        const int errorEvent = 14;
        var (connection, _) = _fixture.Open();
        _fixture.Log.Written = entry =>
        {
            if (entry.Id.Id == errorEvent)
            {
                _fixture.RaiseAsync(connection, KEventFilter.Write).GetAwaiter().GetResult();
            }
        };

        await connection.Transport.Output.CompleteAsync(new InvalidOperationException("The handler failed."));

        _fixture.AssertClosed(connection, SocketCall.Abort);
    }

    [Fact]
    public async Task Dispose_TransportWasReplaced_EndsTheOriginal()
    {
        var (connection, peer) = _fixture.Open();
        var pipe = new Pipe();
        connection.Transport = new ReplacedTransport(pipe.Reader, pipe.Writer);

        await connection.DisposeAsync().Soon();

        Assert.Empty(await peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Close_NumberIsUsedAgain_LateEventsReachNobody()
    {
        var (first, _) = _fixture.Open();
        var loop = first.Loop;
        var before = loop.RegistrationCount;
        first.Abort();
        await first.DisposeAsync().Soon();
        Assert.Equal(before - 1, loop.RegistrationCount);

        var (second, _) = _fixture.Open();
        var calls = _fixture.Calls.Calls.Count;
        await _fixture.RaiseAsync(first, KEventFilter.Read, KEventFlags.Eof);
        await _fixture.RaiseAsync(first, KEventFilter.Write);

        Assert.Equal(calls, _fixture.Calls.Calls.Count);
        Assert.Equal(0, _fixture.Calls.CountOf(SocketCall.Receive, second.Descriptor));
    }

    private sealed record ReplacedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
