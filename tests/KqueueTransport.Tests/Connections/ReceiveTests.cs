using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Connections;

/// <summary>What the kernel may answer to a receive, and the events that announce it.</summary>
public sealed class ReceiveTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(Errno.ECONNRESET)]
    [InlineData(Errno.EPIPE)]
    public async Task PendingRead_ReceiveFindsAReset_Throws(Errno error)
    {
        var (connection, _) = _fixture.Open(Receives(SocketStep.Fails(error)));
        var closed = ClosedOf(connection);
        var reading = Input(connection).ReadAsync();

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Soon());
        await closed.Soon();
        Assert.Equal(1, _fixture.ClosesOf(connection.Descriptor));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(Errno.ETIMEDOUT, SocketError.TimedOut)]
    [InlineData(Errno.EHOSTUNREACH, SocketError.HostUnreachable)]
    [InlineData(Errno.ENOTCONN, SocketError.NotConnected)]
    [InlineData(Errno.EINVAL, SocketError.InvalidArgument)]
    [InlineData(Errno.EIO, SocketError.SocketError)]
    public async Task PendingRead_ReceiveFails_ThrowsTheError(Errno error, SocketError code)
    {
        var (connection, _) = _fixture.Open(Receives(SocketStep.Fails(error)));
        var closed = ClosedOf(connection);
        var reading = Input(connection).ReadAsync();

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.Equal(code, (await Assert.ThrowsAsync<SocketException>(() => reading.Soon())).SocketErrorCode);
        await closed.Soon();
        Assert.Equal(1, _fixture.ClosesOf(connection.Descriptor));
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The peer's data is announced while nobody reads. By the time the application does, the peer has reset the
    // connection, and it is the application's own receive that finds out.
    [Fact]
    public async Task ReadAsync_FindsTheResetByItself_EndsTheConnection()
    {
        var (connection, _) = _fixture.Open(Receives(SocketStep.Fails(Errno.ECONNRESET)));
        var closed = ClosedOf(connection);
        await StartReadingAsync(connection);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        await Assert.ThrowsAsync<ConnectionResetException>(async () => await Input(connection).ReadAsync().Soon());

        await closed.Soon();
        Assert.Equal(1, _fixture.ClosesOf(connection.Descriptor));
        await Assert.ThrowsAsync<ConnectionResetException>(async () => await Input(connection).ReadAsync().Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task TryRead_FindsTheResetByItself_EndsTheConnection()
    {
        var (connection, _) = _fixture.Open(Receives(SocketStep.Fails(Errno.ECONNRESET)));
        var closed = ClosedOf(connection);
        await StartReadingAsync(connection);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.False(Input(connection).TryRead(out _));

        await closed.Soon();
        Assert.Throws<ConnectionResetException>(() => Input(connection).TryRead(out _));
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task DataAndEofInOneEvent_TheReaderSeesBothAndTheTokenFires(bool isReading)
    {
        var (connection, peer) = _fixture.Open(Receives(SocketStep.Delivers("last words"), SocketStep.End));
        var closed = ClosedOf(connection);
        var reading = isReading ? Input(connection).ReadAsync() : default;

        peer.Shutdown(SocketShutdown.Send);

        var result = await (isReading ? reading : Input(connection).ReadAsync()).Soon();
        Assert.Equal("last words", Encoding.UTF8.GetString(result.Buffer));
        await closed.Soon();
        Input(connection).AdvanceTo(result.Buffer.End);
        result = await Input(connection).ReadAsync().Soon();
        Assert.True(result.IsCompleted);
        Assert.True(result.Buffer.IsEmpty);
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The kernel gives the bytes first (Linux net/ipv4/tcp.c, tcp_recvmsg_locked), and a read that has completed keeps
    // them, whatever an event tells before they are taken.
    [Fact]
    public async Task DataAndResetInOneEvent_TheTokenFiresAndTheBytesComeFirst()
    {
        var (connection, peer) = _fixture.Open(
            Receives(SocketStep.Delivers("last words"), SocketStep.Fails(Errno.ECONNRESET)));
        var closed = ClosedOf(connection);
        var reading = Input(connection).ReadAsync();

        peer.Shutdown(SocketShutdown.Send);

        await closed.Soon();
        var result = await reading.Soon();
        Assert.Equal("last words", Encoding.UTF8.GetString(result.Buffer));
        Assert.False(result.IsCompleted);
        Input(connection).AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await Assert.ThrowsAsync<ConnectionResetException>(async () => await Input(connection).ReadAsync().Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task EofEvent_ReceiveWouldBlock_IsOnlyAHint()
    {
        var (connection, peer) = _fixture.Open(Receives(SocketStep.WouldBlock));
        var reading = Input(connection).ReadAsync();

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);

        Assert.False(reading.IsCompleted);
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        await peer.SendAsync("go on"u8.ToArray());
        var result = await reading.Soon();
        Assert.Equal("go on", Encoding.UTF8.GetString(result.Buffer));
        Assert.False(result.IsCompleted);
    }

    [Fact]
    public async Task EofEvent_NobodyReadsAndReceiveWouldBlock_CostsOneReceive()
    {
        var (connection, _) = _fixture.Open();

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);

        Assert.Equal(1, ReceivesOf(connection));
        Assert.False(connection.ConnectionClosed.IsCancellationRequested);
        Assert.Equal(0, _fixture.Pool.RentedBytes);
    }

    [Fact]
    public async Task ReadEvent_NothingThere_CostsOneReceiveAndNoMemory()
    {
        var (connection, _) = _fixture.Open();
        var reading = Input(connection).ReadAsync();

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.Equal(1, ReceivesOf(connection));
        Assert.False(reading.IsCompleted);
        Assert.Equal(0, _fixture.Pool.RentedBytes);
    }

    [Fact]
    public async Task ReadEvent_NobodyReads_CostsNothing()
    {
        var (connection, _) = _fixture.Open();

        for (var i = 0; i < 10; i++)
        {
            await _fixture.RaiseAsync(connection, KEventFilter.Read);
        }

        Assert.Equal(0, ReceivesOf(connection));
    }

    [Fact]
    public async Task Events_AfterTheEnd_CostNothing()
    {
        var (connection, _) = _fixture.Open();
        connection.Abort();
        await connection.DisposeAsync().Soon();
        var calls = _fixture.Calls.Calls.Count;

        await _fixture.RaiseAsync(connection, KEventFilter.Read, KEventFlags.Eof);
        await _fixture.RaiseAsync(connection, KEventFilter.Write, KEventFlags.Eof);

        Assert.Equal(calls, _fixture.Calls.Calls.Count);
    }

    // The kernel hands out so many bytes and then has nothing, whatever it announced.
    [Theory]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    public async Task ReadAsync_WouldBlockAtABoundary_TheRestFollowsInOrder(int received)
    {
        var payload = Payload.Create(20_000);
        var (connection, peer) = _fixture.Open(
            Receives(SocketStep.Delivers(payload[..received]), SocketStep.WouldBlock));
        var receiving = ReadAllAsync(connection);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        await peer.SendAsync(payload.AsMemory(received)).Soon();
        peer.Shutdown(SocketShutdown.Send);

        Assert.Equal(payload, await receiving.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    // What is in flight when the peer resets may be lost, but never half of it shown and then an orderly end.
    [Fact]
    public async Task ReadAsync_ResetBehindBytesInFlight_ThrowsAndNeverCompletes()
    {
        for (var round = 0; round < 50; round++)
        {
            var (connection, peer) = _fixture.Open();
            var receiving = ReadAllAsync(connection);
            await peer.SendAsync(Payload.Create(30_000)).Soon();

            peer.Reset();

            await Assert.ThrowsAsync<ConnectionResetException>(() => receiving.Soon());
        }

        await _fixture.AssertEndedCleanlyAsync();
    }

    // Goal: a reset is no orderly end, also where a send at the same moment was the call that heard of it. Method: the
    // send has failed in the kernel, and returns only when a receive is about to find nothing left to report.
    [Fact]
    public async Task PendingRead_ASendIsToldOfTheReset_Throws()
    {
        using var isSending = new SemaphoreSlim(0);
        using var isReceiving = new SemaphoreSlim(0);
        var (connection, _) = _fixture.Open(descriptor =>
        {
            Receives(SocketStep.End)(descriptor);
            _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(Errno.ECONNRESET));
        });
        _fixture.Calls.BeforeCall = (call, _) =>
        {
            if (call == SocketCall.Send)
            {
                isSending.Release();
                Assert.True(isReceiving.Wait(TimeSpan.FromSeconds(20)));
            }
            else if (call == SocketCall.Receive)
            {
                isReceiving.Release();
            }
        };
        var reading = Input(connection).ReadAsync();
        var writing = Task.Run(() => connection.Transport.Output.WriteAsync("x"u8.ToArray()).AsTask());
        Assert.True(await isSending.WaitAsync(TimeSpan.FromSeconds(20)));

        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Soon());
        await writing.Soon();
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task ReadAsync_OneByteAtATime_KeepsTheOrder()
    {
        var payload = Payload.Create(5000);
        var (connection, peer) = _fixture.Open(
            Receives([.. Enumerable.Repeat(SocketStep.AtMost(1), payload.Length)]));
        await StartReadingAsync(connection);

        var received = ReadAllAsync(connection);
        for (var i = 0; i < payload.Length; i++)
        {
            await peer.SendAsync(payload.AsMemory(i, 1)).Soon();
        }

        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(payload, await received.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task ReadAsync_AfterAnOrderlyEnd_StaysCompleted()
    {
        var (connection, peer) = _fixture.Open();
        peer.Shutdown(SocketShutdown.Send);

        for (var i = 0; i < 3; i++)
        {
            var result = await Input(connection).ReadAsync().Soon();
            Assert.True(result.IsCompleted);
            Input(connection).AdvanceTo(result.Buffer.End);
        }

        Assert.Equal(1, ReceivesOf(connection));
        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
    }

    // The end is announced, but what comes before it is more than the connection may hold.
    [Fact]
    public async Task EofEvent_MoreBytesThanTheLimit_AreReadAndThenTheEnd()
    {
        await using var fixture = new ConnectionFixture(configure: options => options.MaxReadBufferSize = 10_000);
        var (connection, peer) = fixture.Open();
        var payload = Payload.Create(60_000);
        await peer.SendAsync(payload).Soon();
        peer.Shutdown(SocketShutdown.Send);

        Assert.Equal(payload, await ReadAllAsync(connection).Soon());

        await ClosedOf(connection).Soon();
        await fixture.AssertEndedCleanlyAsync();
    }

    // The reader is completed while its read is pending, and the output keeps the connection open.
    [Fact]
    public async Task Complete_ReadIsPendingAndDataComes_RentsNothing()
    {
        var (connection, peer) = _fixture.Open(descriptor =>
            _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.Fails(Errno.ENOBUFS)));
        var reading = Input(connection).ReadAsync();
        Input(connection).Complete();

        await peer.SendAsync("nobody reads this"u8.ToArray()).Soon();
        await _fixture.RaiseAsync(connection, KEventFilter.Read);

        Assert.Equal(0, _fixture.Pool.RentedBytes);
        await connection.DisposeAsync().Soon();
        await Assert.ThrowsAsync<InvalidOperationException>(() => reading.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task Complete_ReadIsPendingAndThePeerEnds_TheTokenFires()
    {
        var (connection, peer) = _fixture.Open();
        var reading = Input(connection).ReadAsync();
        Input(connection).Complete();

        peer.Shutdown(SocketShutdown.Send);

        await ClosedOf(connection).Soon();
        await Assert.ThrowsAsync<InvalidOperationException>(() => reading.Soon());
        await _fixture.AssertEndedCleanlyAsync();
    }

    private static PipeReader Input(Connection connection) => connection.Transport.Input;

    private static Task ClosedOf(Connection connection)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(closed.SetResult);
        return closed.Task;
    }

    private Action<int> Receives(params SocketStep[] steps) =>
        descriptor => _fixture.Calls.Prepare(SocketCall.Receive, descriptor, steps);

    private int ReceivesOf(Connection connection) =>
        _fixture.Calls.CountOf(SocketCall.Receive, connection.Descriptor);

    // The first read is the loop's; the ones after it receive by themselves.
    private static async Task StartReadingAsync(Connection connection)
    {
        var reading = Input(connection).ReadAsync();
        Input(connection).CancelPendingRead();
        Assert.True((await reading.Soon()).IsCanceled);
    }

    private static async Task<byte[]> ReadAllAsync(Connection connection)
    {
        using var all = new MemoryStream();
        while (true)
        {
            var result = await Input(connection).ReadAsync().Soon();
            foreach (var part in result.Buffer)
            {
                all.Write(part.Span);
            }

            Input(connection).AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return all.ToArray();
            }
        }
    }
}
