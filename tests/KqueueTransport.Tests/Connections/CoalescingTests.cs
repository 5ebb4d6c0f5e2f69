using System.IO.Pipelines;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Tests.Connections;

/// <summary>When a flush sends, and how many flushes become one send.</summary>
public sealed class CoalescingTests : IAsyncDisposable
{
    // What stays put off at most.
    private const int PutOffBytesMax = 256 * 1024;

    private const int LimitBytes = 64 * 1024;

    // Without hand-over, so that a slow machine does not take the loop from a handler that is being counted.
    private readonly ConnectionFixture _fixture = new(
        Scheduling.Inline, options => options.MaxWriteBufferSize = null);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task FlushAsync_SixteenInOneDispatch_BecomeOneSend()
    {
        var (connection, peer) = _fixture.Open();
        var payload = Payload.Create(16 * 100);

        var handled = HandleOneAsync(connection, output =>
        {
            for (var i = 0; i < 16; i++)
            {
                var flush = output.WriteAsync(payload.AsMemory(i * 100, 100));
                Assert.True(flush.IsCompletedSuccessfully);
                Assert.Equal(0, SendsOf(connection));
            }
        });
        await peer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await _fixture.LoopBarrierAsync();
        Assert.Equal(1, SendsOf(connection));
    }

    // Behind the handler it would find another's bytes in the cache, and keep as much memory for each connection.
    [Fact]
    public async Task FlushAsync_MuchIsPutOffInOneDispatch_SendsAtOnce()
    {
        var (connection, peer) = _fixture.Open();
        var receiving = peer.ReceiveExactlyAsync(PutOffBytesMax);
        var sent = new List<int>();

        var handled = HandleOneAsync(connection, output =>
        {
            Assert.True(output.WriteAsync(new byte[PutOffBytesMax - 1]).IsCompletedSuccessfully);
            sent.Add(_fixture.Calls.SentOn(connection.Descriptor).Length);
            Assert.True(output.WriteAsync(new byte[1]).IsCompleted);
            sent.Add(_fixture.Calls.SentOn(connection.Descriptor).Length);
        });
        await peer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        Assert.Equal([0, PutOffBytesMax], sent);
        await receiving.Soon();
    }

    [Theory]
    [InlineData(PutOffBytesMax - 1, true)]
    [InlineData(PutOffBytesMax - LimitBytes, false)]
    public async Task FlushAsync_SendsAtOnceAndTheSocketIsFull_WaitsWhereTheLimitIsReached(int taken, bool isOver)
    {
        await using var fixture = new ConnectionFixture(
            Scheduling.Inline, options => options.MaxWriteBufferSize = LimitBytes);
        var (connection, peer) = fixture.Open(descriptor => fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.AtMost(taken), SocketStep.WouldBlock, SocketStep.AtMost(1)));
        var payload = Payload.Create(PutOffBytesMax);
        var wasOver = false;

        var handled = HandleOneAsync(connection, async output =>
        {
            var flush = output.WriteAsync(payload);
            wasOver = flush.IsCompleted;
            Assert.False((await flush.ConfigureAwait(false)).IsCompleted);
        });
        var receiving = peer.ReceiveExactlyAsync(payload.Length);
        await peer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        Assert.Equal(isOver, wasOver);
        Assert.Equal(payload, await receiving.Soon());
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_SendsAtOnceAndThePeerIsGone_IsCompletedByTheError()
    {
        var (connection, peer) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(Errno.ECONNRESET)));
        var results = new List<FlushResult>();

        var handled = HandleOneAsync(connection, async output =>
        {
            var flush = output.WriteAsync(new byte[PutOffBytesMax]);
            Assert.True(flush.IsCompletedSuccessfully);
            results.Add(await flush.ConfigureAwait(false));
        });
        await peer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        Assert.True(Assert.Single(results).IsCompleted);
    }

    // Two flushes share one operation until the first of them is over, and somebody awaits it already.
    [Fact]
    public async Task FlushAsync_SendsAtOnceWhatAnotherFlushWaitsFor_CompletesThatToo()
    {
        var pool = new HeldThreadPool();
        await using var fixture = new ConnectionFixture(
            Scheduling.Inline, options => options.MaxWriteBufferSize = LimitBytes, queue: pool.Queue);
        var (connection, peer) = fixture.Open();
        var receiving = peer.ReceiveExactlyAsync(LimitBytes);
        var first = connection.Transport.Output.WriteAsync(new byte[LimitBytes]).AsTask();

        await fixture.OnLoopAsync(() => _ = connection.Transport.Output.FlushAsync());

        await receiving.Soon();
        pool.Release();
        Assert.False((await first.Soon()).IsCompleted);
    }

    [Fact]
    public async Task FlushAsync_ManyOffTheLoop_BecomeOneSendOfTheThreadPool()
    {
        var pool = new HeldThreadPool();
        await using var fixture = new ConnectionFixture(Scheduling.Inline, queue: pool.Queue);
        var (connection, peer) = fixture.Open();
        var payload = Payload.Create(16 * 100);

        for (var i = 0; i < 16; i++)
        {
            Assert.True(connection.Transport.Output.WriteAsync(payload.AsMemory(i * 100, 100)).IsCompletedSuccessfully);
        }

        Assert.Equal(0, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
        Assert.Equal(1, pool.HeldCount);
        pool.Release();
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));

        // The peer may have the bytes before the call has come back and is counted.
        await Waiting.UntilAsync(() => fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor) > 0);
        Assert.Equal(1, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
    }

    // What was scheduled is sent by whoever ends the output; the work comes too late and sends nothing.
    [Theory]
    [InlineData("Complete")]
    [InlineData("Abort")]
    [InlineData("AbortWithoutReason")]
    public async Task End_FlushIsScheduled_SendsFirst(string end)
    {
        var pool = new HeldThreadPool();
        await using var fixture = new ConnectionFixture(Scheduling.Inline, queue: pool.Queue);
        var (connection, peer) = fixture.Open();
        var payload = Payload.Create(100);
        await connection.Transport.Output.WriteAsync(payload);

        switch (end)
        {
            case "Complete":
                connection.Transport.Output.Complete();
                break;
            case "Abort":
                connection.Abort();
                break;
            default:
                connection.Abort(null!);
                break;
        }

        Assert.Equal(1, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
        pool.Release();
        await fixture.LoopBarrierAsync();
        Assert.Equal(1, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
    }

    [Fact]
    public async Task FlushAsync_OffTheLoopWhileAHandlerBlocksIt_ArrivesAllTheSame()
    {
        await using var fixture = new ConnectionFixture(Scheduling.Adaptive);
        var (connection, peer) = fixture.Open();
        await connection.Transport.Output.WriteAsync(new byte[10]).Soon();
        using var goOn = new SemaphoreSlim(0);
        var blocked = fixture.OnLoopAsync(() => Assert.True(goOn.Wait(TimeSpan.FromSeconds(20))));

        await connection.Transport.Output.WriteAsync(new byte[10]).Soon();

        await peer.ReceiveExactlyAsync(20);
        Assert.False(blocked.IsCompleted);
        goOn.Release();
        await blocked.Soon();
    }

    // In the first rounds code is compiled, which takes longer than a flush is put off.
    [Fact]
    public async Task FlushAsync_TheNextConnectionsHandlerBlocks_ArrivesAllTheSame()
    {
        await using var fixture = new ConnectionFixture(Scheduling.Adaptive);
        for (var round = 0; round < 20; round++)
        {
            var (answering, peer) = fixture.Open();
            var (blocking, blockingPeer) = fixture.Open();
            using var goOn = new SemaphoreSlim(0);
            var answered = HandleAnywhereAsync(answering, output => output.WriteAsync(new byte[10]));
            var blocked = HandleAnywhereAsync(blocking, _ => Assert.True(goOn.Wait(TimeSpan.FromSeconds(20))));

            // The loop is kept from its wait, so that it finds both requests when it comes there.
            await fixture.OnLoopAsync(() =>
            {
                Assert.True(peer.SendAsync(new byte[1]).IsCompleted);
                Assert.True(blockingPeer.SendAsync(new byte[1]).IsCompleted);
            });

            await peer.ReceiveExactlyAsync(10);
            Assert.False(blocked.IsCompleted);
            goOn.Release();
            await Task.WhenAll(answered, blocked).Soon();
        }
    }

    [Fact]
    public async Task Complete_FlushWasLeftToTheLoop_SendsEverythingBeforeTheFin()
    {
        var (connection, peer) = _fixture.Open();
        var payload = Payload.Create(300);

        var handled = HandleOneAsync(connection, output =>
        {
            output.WriteAsync(payload.AsMemory(0, 200));
            output.WriteAsync(payload.AsMemory(200));
            output.Complete();
        });
        await peer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        Assert.Equal(payload, await peer.ReceiveAllAsync());
        Assert.Equal(1, SendsOf(connection));
    }

    [Fact]
    public async Task FlushAsync_TwoConnectionsInOneDispatch_BothSend()
    {
        var (first, firstPeer) = _fixture.Open();
        var (second, secondPeer) = _fixture.Open();

        var handled = HandleOneAsync(first, output =>
        {
            output.WriteAsync(new byte[10]);
            second.Transport.Output.WriteAsync(new byte[20]);
        });
        await firstPeer.SendAsync(new byte[1]).Soon();

        await handled.Soon();
        await firstPeer.ReceiveExactlyAsync(10);
        await secondPeer.ReceiveExactlyAsync(20);
    }

    // The input of the second connection is there before the first begins to write as if there was no end. It has a
    // peer that takes everything, and no limit: none of its flushes has to wait for anything but the loop. What it
    // writes on another thread keeps nobody waiting.
    [Fact]
    public async Task FlushAsync_WithoutEndInOneDispatch_TheOtherConnectionsAreServed()
    {
        const int lengthMax = 64 * 1024 * 1024;
        var (first, firstPeer) = _fixture.Open();
        var (second, secondPeer) = _fixture.Open();
        var secondSocket = second.Features.Get<IConnectionSocketFeature>()!.Socket;
        var isServed = false;
        var sentBefore = 0;
        var served = HandleOneAsync(second, _ =>
        {
            sentBefore = _fixture.Calls.SentOn(first.Descriptor).Length;
            isServed = true;
        });
        var block = Payload.Create(16 * 1024);
        var (written, writtenOnLoop) = (0, 0);

        var handled = HandleOneAsync(first, async output =>
        {
            await secondPeer.SendAsync(new byte[1]);
            Assert.True(SpinWait.SpinUntil(() => secondSocket.Available > 0, TimeSpan.FromSeconds(30)));
            while (!isServed && written < lengthMax)
            {
                writtenOnLoop += Kqueue.EventLoops.EventLoop.Current is null ? 0 : block.Length;
                await output.WriteAsync(block).ConfigureAwait(false);
                written += block.Length;
            }
        });
        var receiving = firstPeer.ReceiveAllAsync();
        await firstPeer.SendAsync(new byte[1]).Soon();
        await handled.Soon();
        await first.Transport.Output.CompleteAsync();
        Assert.Equal(written, (await receiving.Soon()).Length);

        await served.Soon();
        Assert.InRange(writtenOnLoop, 0, 4 * PutOffBytesMax);
        Assert.InRange(sentBefore, 0, 4 * PutOffBytesMax);
    }

    // Runs the action on the loop, inside the dispatch of the event that brings the input.
    private static Task HandleOneAsync(Connection connection, Action<PipeWriter> action) =>
        HandleOneAsync(connection, output =>
        {
            action(output);
            return Task.CompletedTask;
        });

    private static async Task HandleOneAsync(Connection connection, Func<PipeWriter, Task> action)
    {
        var result = await connection.Transport.Input.ReadAsync().ConfigureAwait(false);
        Assert.Same(connection.Loop, Kqueue.EventLoops.EventLoop.Current);
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        await action(connection.Transport.Output).ConfigureAwait(false);
    }

    // On the loop, or off it where the loop was taken over just then.
    private static async Task HandleAnywhereAsync(Connection connection, Action<PipeWriter> action)
    {
        var result = await connection.Transport.Input.ReadAsync().ConfigureAwait(false);
        connection.Transport.Input.AdvanceTo(result.Buffer.End);
        action(connection.Transport.Output);
    }

    private int SendsOf(Connection connection) => _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor);
}
