using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Diagnostics;
using KqueueTransport.Tests.Pipes.Duplexes;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>
/// What Kestrel relies on around the pipes of a connection: its ends, their order, its features and what it logs.
/// </summary>
public abstract class ConnectionSuite(ConnectionSource source) : DuplexSuite(source)
{
    private static readonly ConnectionAbortedException s_reason = new("The test has had enough.");

    private readonly LogCollector _log = new();

    protected override DuplexOptions Options =>
        new() { Log = _log, MaxReadBufferSize = 64 * 1024 };

    public enum Ending
    {
        PeerFin,
        PeerReset,
        AbortWithReason,
        AbortWithNull,
        OutputCompleted,
        Dispose,
    }

    public static TheoryData<Ending> Endings => [.. Enum.GetValues<Ending>()];

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task ConnectionClosed_AnyEnding_FiresOnceOnTheThreadPool(Ending ending)
    {
        var fired = 0;
        var where = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Connection.ConnectionClosed.Register(() =>
        {
            Interlocked.Increment(ref fired);
            where.TrySetResult(Thread.CurrentThread.IsThreadPoolThread);
        });

        End(ending);

        Assert.True(await where.Task.Soon());
        await Connection.DisposeAsync().Soon();
        Assert.Equal(1, fired);
    }

    [Fact]
    public async Task ConnectionClosed_PeersFin_FiresAfterTheInputsEnd()
    {
        var read = new TaskCompletionSource<ReadResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Connection.ConnectionClosed.Register(() =>
        {
            Reader.TryRead(out var result);
            read.SetResult(result);
        });

        Peer.Finish();

        Assert.True((await read.Task.Soon()).IsCompleted);
    }

    [Fact]
    public async Task ReadAsync_PoolHasNoBlock_ThrowsWhatThePoolDid()
    {
        Reader.AdvanceTo((await DeliverAndReadAsync(10)).Buffer.End);
        var pending = Reader.ReadAsync().AsTask();
        var failure = new InsufficientMemoryException("The test's pool is empty.");
        Pool.FailsFrom(Pool.RentedEver, failure);

        await Peer.SendAsync(Payload.Create(10)).Soon();

        Assert.Same(failure, await Assert.ThrowsAsync<InsufficientMemoryException>(() => pending.Soon()));
        await CloseAsync();
        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    // A body that comes fast is received into several blocks at a time: some are there when the next one is not.
    [Fact]
    public async Task ReadAsync_PoolRunsOutInTheMiddle_ThrowsWhatThePoolDid()
    {
        const int length = 16 * 1024 * 1024;
        var sending = Peer.SendAsync(Payload.Create(length)).AsTask();
        await ConsumeAsync(1024 * 1024);
        Pool.FailsFrom(Pool.RentedEver + 3, new InsufficientMemoryException("The test's pool is empty."));

        await Assert.ThrowsAsync<InsufficientMemoryException>(() => ConsumeAsync(length, 1024 * 1024));

        await CloseAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => sending.Soon());
        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    [Fact]
    public async Task Dispose_CallbackOfConnectionClosedStillRuns_WaitsForIt()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new SemaphoreSlim(0);
        Connection.ConnectionClosed.Register(() =>
        {
            entered.SetResult();
            goOn.Wait(TimeSpan.FromSeconds(20));
        });
        Peer.Finish();
        await entered.Task.Soon();

        var disposing = Connection.DisposeAsync().AsTask();

        Assert.False(await Task.WhenAny(disposing, Task.Delay(50)) == disposing);
        goOn.Release();
        await disposing.Soon();
    }

    [Fact]
    public async Task Dispose_CallbackOfConnectionClosedThrows_DoesNot()
    {
        Connection.ConnectionClosed.Register(() => throw new InvalidOperationException("The callback failed."));

        await Connection.DisposeAsync().Soon();

        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Error);
    }

    // What Kestrel does inside the callback for every connection that its client closes.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Abort_InsideTheCallbackOfConnectionClosed_EndsTheConnection(bool isNull)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Connection.ConnectionClosed.Register(() =>
        {
            Connection.Abort(isNull ? null! : s_reason);
            Connection.Abort(isNull ? null! : s_reason);
            aborted.SetResult();
        });

        Peer.Finish();

        await aborted.Task.Soon();
        await Connection.DisposeAsync().Soon();
        await AssertPeerSeesAsync(isReset: !isNull);
    }

    [Fact]
    public async Task Abort_WithAReason_PendingReadThrowsItAndThePeerSeesAReset()
    {
        var reading = Reader.ReadAsync();

        Connection.Abort(s_reason);

        Assert.Same(s_reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon()));
        await AssertPeerSeesAsync(isReset: true);
    }

    [Fact]
    public async Task Abort_WithNull_PendingReadIsAbortedAndThePeerSeesAnOrderlyEnd()
    {
        var reading = Reader.ReadAsync();

        Connection.Abort(null!);

        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon());
        await AssertPeerSeesAsync(isReset: false);
    }

    [Fact]
    public async Task Abort_AFlushPends_CompletesItAndLaterWritesAreDropped()
    {
        var (flush, _) = await WriteMoreThanFitsAsync();

        Connection.Abort(s_reason);

        Assert.True((await flush.Soon()).IsCompleted);
        Assert.True((await Writer.WriteAsync(Payload.Create(100_000)).Soon()).IsCompleted);
    }

    // Who writes on after a flush has to know by then that the connection is gone, or does it until it looks.
    [Fact]
    public async Task Abort_AFlushPends_TheTokenIsCancelledByTheTimeThatTheFlushIsBack()
    {
        var closed = Connection.ConnectionClosed;
        var (flush, _) = await WriteMoreThanFitsAsync();
        var seen = SeenAfterAsync(flush, closed);

        Connection.Abort(s_reason);

        Assert.True(await seen.Soon());

        static async Task<bool> SeenAfterAsync(Task<FlushResult> flush, CancellationToken closed)
        {
            await flush;
            var deadline = new Waiting.Deadline();
            while (!closed.IsCancellationRequested)
            {
                deadline.Check("the token is not cancelled");
                await Task.Yield();
            }

            return true;
        }
    }

    [Fact]
    public async Task Complete_OutputWithAnErrorWhileAFlushPends_EndsTheFlushWithTheConnection()
    {
        var (flush, _) = await WriteMoreThanFitsAsync();

        await Writer.CompleteAsync(new IOException("The test has had enough."));

        Assert.True((await flush.Soon()).IsCompleted);
    }

    [Fact]
    public async Task Abort_WithoutAReason_HasTheTextThatPeopleLookFor()
    {
        var reading = Reader.ReadAsync();

        Connection.Abort();

        var thrown = await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Soon());
        Assert.Equal(
            "The connection was aborted by the application via ConnectionContext.Abort().", thrown.Message);
    }

    [Fact]
    public async Task PeersReset_IsLoggedAsAResetAndNotAsAFin()
    {
        _ = Reader.ReadAsync();

        Peer.Reset();

        await LoggedAsync(19, "ConnectionReset");
        await Connection.DisposeAsync().Soon();
        Assert.DoesNotContain(_log.Entries, entry => entry.Id.Id is 6 or 7);
    }

    // Reading is paused, so no event tells of the peer's end: the abort may not depend on one.
    [Fact]
    public async Task Abort_ReadingIsPausedAndThePeerIsGone_EndsTheConnection()
    {
        await PauseInputAsync();
        Peer.Reset();

        Connection.Abort(s_reason);

        await Connection.DisposeAsync().Soon();
    }

    [Fact]
    public async Task Dispose_ReadingIsPaused_EndsTheConnection()
    {
        await PauseInputAsync();

        await Connection.DisposeAsync().Soon();
    }

    [Fact]
    public async Task Dispose_TransportWasReplaced_EndsTheOriginal()
    {
        var pipe = new Pipe();
        Connection.Transport = new ReplacedTransport(pipe.Reader, pipe.Writer);

        await Connection.DisposeAsync().Soon();

        await AssertPeerSeesAsync(isReset: false);
    }

    [Fact]
    public async Task Input_NobodyReadsIt_PauseAndResumeAreLogged()
    {
        await PauseInputAsync();

        var reading = Reader.CopyToAsync(Stream.Null);

        await LoggedAsync(5, "ConnectionResume");
        Peer.Finish();
        await reading.Soon();
    }

    [Theory]
    [InlineData(Ending.PeerFin, 6, "ConnectionReadFin")]
    [InlineData(Ending.PeerReset, 19, "ConnectionReset")]
    [InlineData(Ending.AbortWithReason, 8, "ConnectionWriteRst")]
    [InlineData(Ending.AbortWithNull, 7, "ConnectionWriteFin")]
    [InlineData(Ending.OutputCompleted, 7, "ConnectionWriteFin")]
    [InlineData(Ending.Dispose, 7, "ConnectionWriteFin")]
    public async Task Ending_Any_IsLoggedWithItsEvent(Ending ending, int id, string name)
    {
        _ = Reader.ReadAsync();

        End(ending);

        await LoggedAsync(id, name);
    }

    // The transport's own ends are no errors: an operator who looks for event 14 shall find failures only.
    [Theory]
    [InlineData(Ending.AbortWithNull)]
    [InlineData(Ending.Dispose)]
    [InlineData(Ending.PeerFin)]
    public async Task Ending_Ordinary_LogsNoError(Ending ending)
    {
        End(ending);

        await Connection.DisposeAsync().Soon();

        Assert.DoesNotContain(_log.Entries, entry => entry.Id.Id == 14 || entry.Level > LogLevel.Debug);
    }

    [Theory]
    [InlineData(typeof(IConnectionIdFeature))]
    [InlineData(typeof(IConnectionTransportFeature))]
    [InlineData(typeof(IConnectionItemsFeature))]
    [InlineData(typeof(IConnectionLifetimeFeature))]
    [InlineData(typeof(IMemoryPoolFeature))]
    [InlineData(typeof(IConnectionSocketFeature))]
    public void Features_OfATransport_AreThere(Type feature)
    {
        Assert.IsAssignableFrom(feature, Connection.Features[feature]);
        Assert.Contains(Connection.Features, pair => pair.Key == feature);
    }

    [Fact]
    public void Features_OfTheServer_CanBeAddedReplacedAndHidden()
    {
        var revision = Connection.Features.Revision;
        var memory = new OwnMemoryPoolFeature();

        Connection.Features.Set<IMemoryPoolFeature>(memory);
        Connection.Features.Set(memory);
        Connection.Features.Set<IConnectionItemsFeature>(null);

        Assert.Same(memory, Connection.Features.Get<IMemoryPoolFeature>());
        Assert.Same(memory, Connection.Features.Get<OwnMemoryPoolFeature>());
        Assert.Null(Connection.Features.Get<IConnectionItemsFeature>());
        Assert.NotEqual(revision, Connection.Features.Revision);
    }

    [Fact]
    public void Connection_NewlyAccepted_KnowsItsEndsAndItsId()
    {
        Assert.Equal(IPAddress.Loopback, Assert.IsType<IPEndPoint>(Connection.LocalEndPoint).Address);
        Assert.Equal(IPAddress.Loopback, Assert.IsType<IPEndPoint>(Connection.RemoteEndPoint).Address);
        Assert.NotEqual(Connection.LocalEndPoint, Connection.RemoteEndPoint);
        Assert.NotEmpty(Connection.ConnectionId);
        Assert.Same(Connection.Items, Connection.Features.Get<IConnectionItemsFeature>()!.Items);
    }

    [Fact]
    public async Task SocketFeature_EndOfTheConnection_DisposesTheSocket()
    {
        var socket = Connection.Features.Get<IConnectionSocketFeature>()!.Socket;
        Assert.Equal(Connection.RemoteEndPoint, socket.RemoteEndPoint);

        await Connection.DisposeAsync().Soon();

        Assert.Throws<ObjectDisposedException>(() => socket.Send([1]));
    }

    private ConnectionContext Connection => ((ConnectionDuplex)Duplex).Connection;

    private void End(Ending ending)
    {
        switch (ending)
        {
            case Ending.PeerFin:
                Peer.Finish();
                break;
            case Ending.PeerReset:
                Peer.Reset();
                break;
            case Ending.AbortWithReason:
                Connection.Abort(s_reason);
                break;
            case Ending.AbortWithNull:
                Connection.Abort(null!);
                break;
            case Ending.OutputCompleted:
                Writer.Complete();
                break;
            default:
                _ = Connection.DisposeAsync();
                break;
        }
    }

    /// <summary>Sends until receiving is paused, because nobody reads.</summary>
    private async Task PauseInputAsync()
    {
        // In small pieces that are heard of one by one: what comes at once may be announced once.
        while (!IsLogged(4, "ConnectionPause"))
        {
            await Peer.SendAsync(new byte[1024]).Soon();
            await Source.HearAsync(Duplex);
        }
    }

    private Task LoggedAsync(int id, string name) => Waiting.UntilAsync(() => IsLogged(id, name));

    private bool IsLogged(int id, string name) => _log.Entries.Any(
        entry => entry.Id.Id == id && entry.Id.Name == name && entry.Level == LogLevel.Debug);

    private async Task AssertPeerSeesAsync(bool isReset)
    {
        if (isReset)
        {
            var error = await Assert.ThrowsAsync<SocketException>(() => Peer.ReceiveToEndAsync().Soon());
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
        else
        {
            Assert.Empty(await Peer.ReceiveToEndAsync().Soon());
        }
    }

    private sealed record ReplacedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class OwnMemoryPoolFeature : IMemoryPoolFeature
    {
        public System.Buffers.MemoryPool<byte> MemoryPool => System.Buffers.MemoryPool<byte>.Shared;
    }
}
