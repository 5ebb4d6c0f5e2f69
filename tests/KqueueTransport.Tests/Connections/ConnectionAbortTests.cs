using System.Collections.Concurrent;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>Connections that somebody aborts: one close, the first cause, all memory back.</summary>
public sealed class ConnectionAbortTests : IAsyncDisposable
{
    private static readonly ConnectionAbortedException s_reason = ConnectionFixture.AbortReason;

    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Abort_WithAReason_ResetsAndTheReasonReachesThePendingRead()
    {
        var (connection, peer) = _fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();

        connection.Abort(s_reason);

        Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon()));
        _fixture.AssertClosed(connection, SocketCall.Abort);
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
        await _fixture.AssertClosedSoonAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The loop, not the flush, was to send these bytes: input that will bring the next flush is waiting.
    [Fact]
    public async Task Abort_WithNullAndBytesLeftToTheLoop_SendsThemFirst()
    {
        // Without a watch, which would have another thread do what is left to a loop whose thread is set aside.
        await using var fixture = new ConnectionFixture(Scheduling.Inline);
        var (connection, peer) = fixture.Open();
        await peer.SendAsync("a request and half of the next"u8.ToArray()).Soon();
        var result = await connection.Transport.Input.ReadAsync().Soon();
        connection.Transport.Input.AdvanceTo(result.Buffer.GetPosition(10));

        await fixture.OnLoopAsync(() =>
        {
            connection.Transport.Output.WriteAsync("the answer"u8.ToArray()).AsTask().Wait();
            Assert.Equal(0, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
            connection.Abort(null!);
        });

        Assert.Equal("the answer"u8.ToArray(), await peer.ReceiveAllAsync());
        await fixture.AssertEndedCleanlyAsync();
    }

    // A flush that is done has given its bytes to the kernel, unless the socket is full: no abort overtakes it.
    [Fact]
    public async Task Abort_FinOnErrorAndAFlushIsScheduled_SendsItFirst()
    {
        var pool = new HeldThreadPool();
        await using var fixture = new ConnectionFixture(
            Scheduling.Inline, options => options.FinOnError = true, queue: pool.Queue);
        var (connection, peer) = fixture.Open();
        await connection.Transport.Output.WriteAsync("one, "u8.ToArray());
        await connection.Transport.Output.WriteAsync("two"u8.ToArray());
        Assert.Equal(0, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));

        connection.Abort(s_reason);

        Assert.Equal("one, two"u8.ToArray(), await peer.ReceiveAllAsync());
        pool.Release();
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

        _fixture.AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Abort_FlushIsPending_EndsTheFlush()
    {
        var (connection, _) = _fixture.Open();
        var (flush, _) = ConnectionFixture.WriteMoreThanFits(connection);

        connection.Abort(s_reason);

        Assert.True((await flush.Soon()).IsCompleted);
        _fixture.AssertClosed(connection, SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // Goal: who writes on behind a flush knows by then that it is in vain, and waits for no callback. Method: a thread
    // pool that does one thing after the other, and a callback of the token that does not return.
    [Fact]
    public async Task Abort_FlushIsPending_CancelsTheTokenBeforeAndWaitsForNoCallback()
    {
        var held = new ConcurrentQueue<IThreadPoolWorkItem>();
        var isHolding = false;
        await using var fixture = new ConnectionFixture(Scheduling.Inline, queue: work =>
        {
            if (Volatile.Read(ref isHolding))
            {
                held.Enqueue(work);
            }
            else
            {
                work.Execute();
            }
        });
        using var goOn = new SemaphoreSlim(0);
        var (connection, _) = fixture.Open();
        var closed = connection.ConnectionClosed;
        closed.Register(() => goOn.Wait(TimeSpan.FromSeconds(20)));
        var (flush, _) = ConnectionFixture.WriteMoreThanFits(connection);
        Volatile.Write(ref isHolding, true);

        // On the loop: nobody is sending then, and the abort itself hands both to the pool.
        await fixture.OnLoopAsync(() => connection.Abort(s_reason));

        Assert.True(held.TryDequeue(out var first));
        ThreadPool.UnsafeQueueUserWorkItem(first, preferLocal: false);
        await Waiting.UntilAsync(() => closed.IsCancellationRequested);
        Assert.False(flush.IsCompleted);
        Volatile.Write(ref isHolding, false);
        while (held.TryDequeue(out var next))
        {
            ThreadPool.UnsafeQueueUserWorkItem(next, preferLocal: false);
        }

        Assert.True((await flush.Soon()).IsCompleted);
        goOn.Release();
        await fixture.AssertEndedCleanlyAsync();
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
        await Waiting.UntilAsync(() => _fixture.ClosesOf(connection.Descriptor) == 1);
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
        _fixture.AssertClosed(connection, isNull ? SocketCall.Close : SocketCall.Abort);
        await _fixture.AssertEndedCleanlyAsync();
    }
}
