using System.IO.Pipelines;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Connections.Output;
using KqueueTransport.Sockets;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>What the kernel may answer to a send, and what becomes of the bytes.</summary>
public sealed class SendTests : IAsyncDisposable
{
    private const int BlockBytes = 4096;

    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(BlockBytes - 1)]
    [InlineData(BlockBytes)]
    [InlineData(BlockBytes + 1)]
    [InlineData((2 * BlockBytes) - 1)]
    [InlineData(2 * BlockBytes)]
    [InlineData((3 * BlockBytes) - 1)]
    public async Task FlushAsync_FirstSendIsShort_TheRestFollowsInOrder(int taken)
    {
        var (connection, peer) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.AtMost(taken)));
        var payload = Payload.Create(3 * BlockBytes);

        await Output(connection).WriteAsync(payload).Soon();

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The loop may give the memory back at any moment from the flush on.
    [Fact]
    public async Task Advance_AfterAFlush_Throws()
    {
        var (connection, _) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(Errno.ENOBUFS)));
        Output(connection).GetMemory(10);
        Output(connection).Advance(1);
        await Output(connection).FlushAsync().Soon();

        Assert.Throws<ArgumentOutOfRangeException>(() => Output(connection).Advance(1));
    }

    // A full socket at every place where one segment, or one part of a gather send, ends and the next begins.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(BlockBytes - 1)]
    [InlineData(BlockBytes)]
    [InlineData(BlockBytes + 1)]
    [InlineData((3 * BlockBytes) - 1)]
    public async Task FlushAsync_WouldBlockAtABoundary_TheRestFollowsInOrder(int taken)
    {
        var steps = taken == 0 ? [] : new[] { SocketStep.AtMost(taken) };
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, [.. steps, SocketStep.WouldBlock, SocketStep.AtMost(1)]));
        var payload = Payload.Create(3 * BlockBytes);

        await Output(connection).WriteAsync(payload).Soon();

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        Assert.True(_fixture.Calls.IsPlayed);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_OneByteAtATime_KeepsTheOrder()
    {
        var payload = Payload.Create(BlockBytes + 100);
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, Enumerable.Repeat(SocketStep.AtMost(1), payload.Length).ToArray()));

        await Output(connection).WriteAsync(payload).Soon();

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        Assert.True(_fixture.Calls.IsPlayed);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_MoreBlocksThanOneGatherSendTakes_SendsAll()
    {
        var payload = Payload.Create((PinnedBlocks.CountMax * OutputBuffer.BlockBytesMax) + 1);
        var (connection, peer) = _fixture.Open();

        var flush = Output(connection).WriteAsync(payload);

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await flush.Soon();
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task GetMemory_MuchIsWrittenInARow_GrowsUntilTheNextStart()
    {
        await using var fixture = new ConnectionFixture(Scheduling.Inline);
        var (connection, peer) = fixture.Open();
        var output = Output(connection);
        const int largest = OutputBuffer.BlockBytesMax / BlockBytes;
        int[] sizes = [1, 1, 2, largest, largest];

        for (var i = 0; i < 2; i++)
        {
            foreach (var size in sizes)
            {
                Assert.Equal(size * BlockBytes, output.GetMemory().Length);
                output.Advance(size * BlockBytes);
            }

            await output.FlushAsync().Soon();
            await peer.ReceiveExactlyAsync(sizes.Sum() * BlockBytes);
            await Waiting.UntilAsync(() => fixture.Pool.RentedBytes == 0);
        }

        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_RandomShortCountsAndWrites_KeepsTheOrder()
    {
        var random = new Random(12345);
        var steps = Enumerable.Range(0, 300).Select(_ => random.Next(4) == 0
            ? SocketStep.WouldBlock
            : SocketStep.AtMost(random.Next(1, 6000)));
        var (connection, peer) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, steps.ToArray()));
        var payload = Payload.Create(400_000);
        var receiving = peer.ReceiveExactlyAsync(payload.Length);

        for (var written = 0; written < payload.Length;)
        {
            var count = Math.Min(random.Next(1, 9000), payload.Length - written);
            payload.AsSpan(written, count).CopyTo(Output(connection).GetSpan(count));
            Output(connection).Advance(count);
            written += count;
            if (random.Next(3) != 0)
            {
                await Output(connection).FlushAsync().Soon();
            }
        }

        await Output(connection).FlushAsync().Soon();
        Assert.Equal(payload, await receiving.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The kernel is full once; from then on the loop alone decides when to send, and further flushes ask it nothing.
    // Method: the loop is busy meanwhile, and nobody takes it from its driver.
    [Fact]
    public async Task FlushAsync_SocketIsFull_WaitsForOneWriteEvent()
    {
        await using var fixture = new ConnectionFixture(Scheduling.Inline);
        var (connection, peer) = fixture.Open(
            descriptor => fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.WouldBlock));
        using var goOn = new SemaphoreSlim(0);
        var busy = fixture.OnLoopAsync(() => Assert.True(goOn.Wait(TimeSpan.FromSeconds(30))));
        var (stalled, written) = ConnectionFixture.WriteMoreThanFits(connection);
        await Waiting.UntilAsync(() => fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor) > 0);

        Output(connection).CancelPendingFlush();
        await stalled.Soon();
        for (var i = 0; i < 10; i++)
        {
            var flush = Output(connection).WriteAsync(new byte[10]);
            Output(connection).CancelPendingFlush();
            await flush.Soon();
        }

        Assert.Equal(1, fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
        goOn.Release();
        await busy;
        await peer.ReceiveExactlyAsync(written + 100);
        await fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task OnWritable_NothingToSend_AsksTheKernelNothing()
    {
        var (connection, _) = _fixture.Open();

        await _fixture.RaiseAsync(connection, KEventFilter.Write);
        await _fixture.RaiseAsync(connection, KEventFilter.Write, KEventFlags.Eof);

        Assert.Equal(0, _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
    }

    [Fact]
    public async Task OnWritable_SocketStillFull_CostsOneSendAndGoesOnWaiting()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor, SocketStep.WouldBlock, SocketStep.WouldBlock, SocketStep.WouldBlock));
        var payload = Payload.Create(10_000);

        await Output(connection).WriteAsync(payload).Soon();

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));

        // A send is remembered when it is back, and the peer may have its bytes before that.
        await Waiting.UntilAsync(() => _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor) >= 4);
        await _fixture.LoopBarrierAsync();
        Assert.Equal(4, _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
    }

    [Fact]
    public async Task FlushAsync_KernelHasNoBuffers_TriesAgainAfterAWhile()
    {
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.Prepare(
            SocketCall.Send, descriptor,
            SocketStep.Fails(Errno.ENOBUFS), SocketStep.Fails(Errno.ENOBUFS), SocketStep.AtMost(1)));
        var payload = Payload.Create(10_000);

        await Output(connection).WriteAsync(payload).Soon();

        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task FlushAsync_KernelHasNoBuffersAndTheConnectionEnds_NothingIsSentLater()
    {
        var (connection, _) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(Errno.ENOBUFS)));
        await Output(connection).WriteAsync(Payload.Create(10)).Soon();

        connection.Abort();
        await connection.DisposeAsync().Soon();

        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _fixture.Loop.Schedule(TimeSpan.FromMilliseconds(20), _ => over.SetResult(), null);
        await over.Task.Soon();
        Assert.Equal(1, _fixture.Calls.CountOf(SocketCall.Send, connection.Descriptor));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(Errno.EPIPE)]
    [InlineData(Errno.ECONNRESET)]
    public async Task FlushAsync_PeerIsGone_ReadsSeeTheResetAndWritesAreDropped(Errno error)
    {
        var (connection, _) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(error)));
        var reading = connection.Transport.Input.ReadAsync();

        await Output(connection).WriteAsync(Payload.Create(10)).Soon();

        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Soon());
        await AssertWritesAreDroppedAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(Errno.ETIMEDOUT)]
    [InlineData(Errno.EHOSTUNREACH)]
    [InlineData(Errno.ENETDOWN)]
    [InlineData(Errno.EINVAL)]
    public async Task FlushAsync_UnexpectedError_EndsTheConnectionWithIt(Errno error)
    {
        var (connection, _) = _fixture.Open(
            descriptor => _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(error)));
        var reading = connection.Transport.Input.ReadAsync();

        await Output(connection).WriteAsync(Payload.Create(10)).Soon();

        var thrown = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => reading.Soon());
        Assert.Contains(error.ToString(), thrown.Message);
        await AssertWritesAreDroppedAsync(connection);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task OnWritable_SendFailsWhileAFlushIsPending_TheFlushSaysCompleted()
    {
        var (connection, peer) = _fixture.Open();
        var (flush, _) = ConnectionFixture.WriteMoreThanFits(connection);

        peer.Reset();

        Assert.True((await flush.Soon()).IsCompleted);
        await _fixture.AssertEndedCleanlyAsync();
    }

    private static PipeWriter Output(Connection connection) => connection.Transport.Output;

    private static async Task AssertWritesAreDroppedAsync(Connection connection)
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await Output(connection).WriteAsync(Payload.Create(100_000)).Soon()).IsCompleted);
        }
    }
}
