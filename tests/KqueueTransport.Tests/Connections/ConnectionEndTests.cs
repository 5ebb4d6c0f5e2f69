using System.IO.Pipelines;
using System.Net.Sockets;
using Kqueue;
using Kqueue.Interop;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>Every way to end a connection: one close, the first cause, all memory back.</summary>
public sealed class ConnectionEndTests : IAsyncDisposable
{
    private static readonly ConnectionAbortedException s_reason = new("The test has had enough.");

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
        AssertClosed(connection, SocketCall.Close);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_Twice_ClosesOnce()
    {
        var (connection, peer) = _fixture.Open();

        await connection.DisposeAsync().Soon();
        await connection.DisposeAsync().Soon();

        peer.Dispose();
        await AssertClosedSoonAsync(connection);
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
            connection.Abort(s_reason);
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
        var payload = Payload.Create(1024 * 1024);
        _ = connection.Transport.Output.WriteAsync(payload);

        var disposing = connection.DisposeAsync();

        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
        Assert.False(disposing.IsCompleted);
        Assert.Equal(payload, await peer.ReceiveAllAsync());
        await disposing.Soon();
        peer.Dispose();
        await AssertClosedSoonAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Dispose_BytesUnsentAndThePeerResets_Ends()
    {
        var (connection, peer) = _fixture.Open();
        var flush = await StallAsync(connection);
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
        await StallAsync(connection);
        var disposing = connection.DisposeAsync();

        connection.Abort(s_reason);

        await disposing.Soon();
        AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_WithAReason_ResetsAndTheReasonReachesThePendingRead()
    {
        var (connection, peer) = _fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Abort(s_reason);

        Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon()));
        AssertClosed(connection, SocketCall.Abort);
        var reset = await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_WithNull_EndsInAnOrderlyWay()
    {
        var (connection, peer) = _fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Abort(null!);

        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon());
        Assert.Empty(await peer.ReceiveAllAsync());
        peer.Dispose();
        await AssertClosedSoonAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The loop, not the flush, was to send these bytes: input that will bring the next flush is waiting.
    [Fact]
    public async Task Abort_WithNullAndBytesLeftToTheLoop_SendsThemFirst()
    {
        var (connection, peer) = _fixture.Open();
        await peer.SendAsync("a request and half of the next"u8.ToArray()).Soon();
        var result = await connection.Transport.Input.ReadAsync().Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.GetPosition(10));

        await _fixture.OnLoopAsync(() =>
        {
            connection.Transport.Output.WriteAsync("the answer"u8.ToArray()).AsTask().Wait();
            Assert.Equal(0, _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
            connection.Abort(null!);
        });

        Assert.Equal("the answer"u8.ToArray(), await peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
    }

    // A flush off the loop gives its bytes to the kernel, whoever makes the call: the abort does not overtake it.
    [Fact]
    public async Task Abort_FinOnErrorAndAFlushOffTheLoopWasLeftToIt_SendsItFirst()
    {
        await using var fixture = new ConnectionFixture(Scheduling.Inline, options => options.FinOnError = true);
        var (connection, peer) = fixture.Open();
        await connection.Transport.Output.WriteAsync("one, "u8.ToArray()).Soon();
        using var goOn = new SemaphoreSlim(0);
        var blocked = fixture.OnLoopAsync(() => goOn.Wait(TimeSpan.FromSeconds(20)));
        await connection.Transport.Output.WriteAsync("two"u8.ToArray()).Soon();
        Assert.Equal(1, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));

        connection.Abort(s_reason);

        Assert.Equal("one, two"u8.ToArray(), await peer.ReceiveAllAsync());
        goOn.Release();
        await blocked.Soon();
        await fixture.AssertEndedCleanlyAsync();
    }

    // The loop has found the reset, but the abort ends the connection before the loop can.
    [Fact]
    public async Task Abort_TheLoopHasJustFoundAReset_TheAbortIsTheReason()
    {
        var (connection, _) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Receive, descriptor, SocketStep.Fails(Errno.ECONNRESET)));
        var reading = connection.Transport.Input.ReadAsync();
        _fixture.Log.Written = entry =>
        {
            if (entry.Id.Name == "ConnectionReset")
            {
                connection.Abort(s_reason);
            }
        };

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon()));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_FinOnError_SendsFin()
    {
        await using var fixture = new ConnectionFixture(configure: options => options.FinOnError = true);
        var (connection, peer) = fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Abort(s_reason);

        Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon()));
        Assert.Empty(await peer.ReceiveAllAsync());
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_TheReasonIsKnownBeforeTheDescriptorCloses()
    {
        var (connection, _) = _fixture.Open();
        Exception? seen = null;
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Abort)
            {
                seen = Record.Exception(() => { connection.Transport.Input.TryRead(out var _); });
            }
        };

        connection.Abort(s_reason);

        Assert.Same(s_reason, seen);
    }

    [Fact]
    public async Task Abort_OtherCausesFollow_TheReasonStays()
    {
        var (connection, peer) = _fixture.Open();

        connection.Abort(s_reason);
        connection.Abort(new ConnectionAbortedException("Another reason."));
        connection.Abort(null!);
        peer.Reset();
        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);
        await connection.Transport.Output.WriteAsync(Payload.Create(10)).Soon();
        await connection.Transport.Output.CompleteAsync(new InvalidOperationException("Yet another."));

        for (var i = 0; i < 2; i++)
        {
            Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(
                () => connection.Transport.Input.ReadAsync().Soon()));
        }

        AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_FlushIsPending_EndsTheFlush()
    {
        var (connection, _) = _fixture.Open();
        var flush = await StallAsync(connection);

        connection.Abort(s_reason);

        Assert.True((await flush.Soon()).IsCompleted);
        AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The abort comes while another thread is inside the kernel with half of the bytes: the descriptor may close only
    // when that call is back.
    [Fact]
    public async Task Abort_DuringASend_ClosesAfterIt()
    {
        using var isSending = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var (connection, _) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.AtMost(5000)));
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Send)
            {
                isSending.Release();
                goOn.Wait(TimeSpan.FromSeconds(20));
            }
        };
        var writing = Task.Run(() => connection.Transport.Output.WriteAsync(Payload.Create(10_000)).AsTask());
        Assert.True(await isSending.WaitAsync(TimeSpan.FromSeconds(20)));

        var aborting = Task.Run(() => connection.Abort(s_reason));
        await Assert.ThrowsAsync<ConnectionAbortedException>(() => connection.Transport.Input.ReadAsync().Soon());
        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
        _fixture.Calls.BeforeCall = null;
        goOn.Release(100);

        await aborting.Soon();
        await writing.Soon();
        var calls = _fixture.Calls.Calls.Where(made => made.Descriptor == connection.Descriptor).ToList();
        Assert.Equal(SocketCall.Abort, calls[^1].Call);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Abort_InsideTheCallbackOfConnectionClosed_ClosesOnce(bool isNull)
    {
        var (connection, peer) = _fixture.Open();
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(() =>
        {
            connection.Abort(isNull ? null! : s_reason);
            aborted.SetResult();
        });

        peer.Shutdown(SocketShutdown.Send);

        await aborted.Task.Soon();
        await connection.DisposeAsync().Soon();
        AssertClosed(connection, isNull ? SocketCall.Close : SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Complete_OutputWithAnError_Resets()
    {
        var (connection, _) = _fixture.Open();
        var error = new InvalidOperationException("The handler failed.");

        await connection.Transport.Output.CompleteAsync(error);

        AssertClosed(connection, SocketCall.Abort);
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

        AssertClosed(connection, SocketCall.Abort);
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

    private void AssertClosed(Connection connection, SocketCall how)
    {
        Assert.Equal(1, _fixture.ClosesOf(connection.Descriptor));
        Assert.Equal(1, _fixture.Calls.CountOf(how, connection.Descriptor));
    }

    private async Task AssertClosedSoonAsync(Connection connection)
    {
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) > 0);
        AssertClosed(connection, SocketCall.Close);
    }

    private static async Task<Task<FlushResult>> StallAsync(Connection connection)
    {
        while (true)
        {
            var flush = connection.Transport.Output.WriteAsync(new byte[64 * 1024]).AsTask();
            if (await flush.IsStalledAsync())
            {
                return flush;
            }
        }
    }

    private sealed record ReplacedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
