using System.IO.Pipelines;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Connections;
using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Outbound;

#pragma warning disable xUnit1051 // Every wait ends by itself, see Waiting.
/// <summary>A connection as a stream, which may be disposed beside its own operations.</summary>
public sealed class ConnectionStreamTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture =
        new(configure: options => options.LingerTimeout = TimeSpan.FromHours(1));

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Stream_BytesBothWays_ArriveAndTheEndIsZero()
    {
        var (connection, peer) = _fixture.Open();
        await using var stream = connection.AsStream();
        var payload = Payload.Create(100_000);

        var writing = stream.WriteAsync(payload).AsTask();
        Assert.Equal(payload, await peer.ReceiveExactlyAsync(payload.Length));
        await writing.Soon();
        await peer.SendAsync(payload).Soon();
        peer.Shutdown(SocketShutdown.Send);
        var read = new byte[payload.Length];
        await stream.ReadExactlyAsync(read).Soon();

        Assert.Equal(payload, read);
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).Soon());
    }

    [Fact]
    public async Task Stream_OverAConnectionOfSockets_IsTheSame()
    {
        await using var duplex = (ConnectionDuplex)await new SocketsSource().OpenAsync(new DuplexOptions());
        var stream = duplex.Connection.AsStream();
        await stream.WriteAsync(Payload.Create(100)).Soon();
        Payload.Check(await duplex.Peer.ReceiveExactlyAsync(100).Soon());
        await duplex.Peer.SendAsync(Payload.Create(100)).Soon();
        var read = new byte[100];
        await stream.ReadExactlyAsync(read).Soon();
        Payload.Check(read);
        var reading = stream.ReadAsync(read).AsTask();

        stream.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.Soon());
        await Assert.ThrowsAsync<SocketException>(() => duplex.Peer.ReceiveToEndAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_NoRoom_WaitsForBytesAndTakesNone()
    {
        var (connection, peer) = _fixture.Open();
        await using var stream = connection.AsStream();

        var reading = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        Assert.False(reading.IsCompleted);
        await peer.SendAsync(new byte[3]).Soon();

        Assert.Equal(0, await reading.Soon());
        Assert.Equal(3, await stream.ReadAsync(new byte[10]).Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_Idle_ClosesInOrder(bool isAsync)
    {
        var (connection, peer) = _fixture.Open();
        var stream = connection.AsStream();
        await stream.WriteAsync(Payload.Create(10)).Soon();

        await DisposeAsync(stream, isAsync);

        Assert.Equal(Payload.Create(10), await peer.ReceiveAllAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(new byte[1]).Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(new byte[1]).Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_WriteIsPending_EndsItAndResetsThePeer(bool isAsync)
    {
        var (connection, peer) = _fixture.Open();
        var stream = connection.AsStream();
        var writing = stream.WriteAsync(new byte[32 * 1024 * 1024]).AsTask();
        Assert.True(await writing.IsStalledAsync());

        await DisposeAsync(stream, isAsync);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => writing.Soon());
        _fixture.AssertClosed(connection, SocketCall.Abort);
        await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_ReadIsPending_EndsItAndResetsThePeer(bool isAsync)
    {
        var (connection, peer) = _fixture.Open();
        var stream = connection.AsStream();
        var reading = stream.ReadAsync(new byte[1]).AsTask();

        await DisposeAsync(stream, isAsync);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.Soon());
        await Assert.ThrowsAsync<SocketException>(() => peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
    }

    // The write has completed because it is below the limit, and the socket is full for a while.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_BytesAreUnsent_DoesNotWaitAndThePeerGetsThem(bool isAsync)
    {
        var isFull = true;
        var (connection, peer) = _fixture.Open(descriptor => _fixture.Calls.BeforeCall = (call, of) =>
        {
            if (call == SocketCall.Send && of == descriptor && Volatile.Read(ref isFull))
            {
                _fixture.Calls.Prepare(SocketCall.Send, descriptor, SocketStep.WouldBlock);
            }
        });
        var stream = connection.AsStream();
        await stream.WriteAsync(Payload.Create(10)).Soon();

        await DisposeAsync(stream, isAsync);

        Assert.Equal(0, _fixture.ClosesOf(connection.Descriptor));
        Volatile.Write(ref isFull, false);
        Assert.Equal(Payload.Create(10), await peer.ReceiveAllAsync());
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Fact]
    public async Task WriteAsync_PeerHasReset_FailsWithTheReason()
    {
        var (connection, peer) = _fixture.Open();
        await using var stream = connection.AsStream();
        peer.Reset();

        var error = await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            for (var deadline = new Waiting.Deadline(); ; deadline.Check("writes go on"))
            {
                await stream.WriteAsync(new byte[1000]).Soon();
            }
        });

        Assert.IsType<ConnectionResetException>(error);
        await Assert.ThrowsAsync<ConnectionResetException>(() => stream.ReadAsync(new byte[1]).Soon());
    }

    [Fact]
    public async Task Operations_ConnectionIsAborted_FailAsStreamsDo()
    {
        var (connection, _) = _fixture.Open();
        await using var stream = connection.AsStream();
        var reading = stream.ReadAsync(new byte[1]).AsTask();
        var reason = new ConnectionAbortedException("enough");

        connection.Abort(reason);

        Assert.Same(reason, (await Assert.ThrowsAsync<IOException>(() => reading.Soon())).InnerException);
        var error = await Assert.ThrowsAsync<IOException>(() => stream.WriteAsync(new byte[1]).Soon());
        Assert.Same(reason, error.InnerException);
    }

    [Fact]
    public async Task ReadAsync_TwoAtOnce_TheSecondThrows()
    {
        var (connection, peer) = _fixture.Open();
        await using var stream = connection.AsStream();
        var reading = stream.ReadAsync(new byte[1]).AsTask();

        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.ReadAsync(new byte[1]).Soon());

        await peer.SendAsync(new byte[1]).Soon();
        Assert.Equal(1, await reading.Soon());
    }

    [Fact]
    public async Task ReadAsync_TokenIsCancelled_TheNextReadGoesOn()
    {
        var (connection, peer) = _fixture.Open();
        await using var stream = connection.AsStream();
        using var token = new CancellationTokenSource();
        var reading = stream.ReadAsync(new byte[1], token.Token).AsTask();

        token.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
        await peer.SendAsync(new byte[1]).Soon();
        Assert.Equal(1, await stream.ReadAsync(new byte[1]).Soon());
    }

    // Copies into and out of blocks run while the stream is disposed: the fixture's pool knows of every block that is
    // given back twice or too early, and a second connection of the loop sees every byte that is not its own.
    [Fact]
    public async Task Dispose_BesideCopies_NoBlockComesBackTooEarly()
    {
        var (other, otherPeer) = _fixture.Open();
        await using var otherStream = other.AsStream();
        var expected = Payload.Create(16 * 1024);
        for (var round = 0; round < 200; round++)
        {
            var (connection, peer) = _fixture.Open();
            var stream = connection.AsStream();
            var foreign = Enumerable.Repeat((byte)0xEE, 16_000).ToArray();
            var writing = RepeatAsync(async () => await stream.WriteAsync(foreign));
            var reading = RepeatAsync(async () => ThrowAtTheEnd(await stream.ReadAsync(new byte[5000])));
            var feeding = RepeatAsync(async () => await peer.SendAsync(new byte[5000]));
            var draining = RepeatAsync(async () => ThrowAtTheEnd(await peer.ReceiveAsync(new byte[5000])));
            var exchanging = ExchangeAsync(otherStream, otherPeer, expected);

            Thread.SpinWait(round * 50);
            stream.Dispose();

            peer.Dispose();
            await Task.WhenAll(writing, reading, feeding, draining).Soon();
            await exchanging.Soon();
        }

        await _fixture.AssertEndedCleanlyAsync();
    }

    private static async Task ExchangeAsync(Stream stream, Socket peer, byte[] expected)
    {
        var writing = stream.WriteAsync(expected).AsTask();
        Assert.Equal(expected, await peer.ReceiveExactlyAsync(expected.Length));
        await writing;
        await peer.SendAsync(expected);
        var read = new byte[expected.Length];
        await stream.ReadExactlyAsync(read);
        Assert.Equal(expected, read);
    }

    // Until the connection ends, on a thread of the pool.
    private static Task RepeatAsync(Func<Task> operation) => Task.Run(async () =>
    {
        try
        {
            while (true)
            {
                await operation();
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or SocketException)
        {
        }
    });

    private static void ThrowAtTheEnd(int received)
    {
        if (received == 0)
        {
            throw new EndOfStreamException();
        }
    }

    private static async Task DisposeAsync(Stream stream, bool isAsync)
    {
        if (isAsync)
        {
            await stream.DisposeAsync().Soon();
        }
        else
        {
            stream.Dispose();
        }
    }
}
