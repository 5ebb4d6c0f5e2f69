using System.Net.Sockets;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Tests.Connections;

/// <summary>When the token of ConnectionClosed fires, where, and what waits for its callbacks.</summary>
public sealed class ConnectionClosedTests : IAsyncDisposable
{
    private readonly ConnectionFixture _fixture = new(Scheduling.Inline);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    public enum Ending
    {
        PeerFin,
        PeerReset,
        AbortWithReason,
        AbortWithNull,
        Dispose,
    }

    public static TheoryData<Ending> Endings => [.. Enum.GetValues<Ending>()];

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task ConnectionClosed_AnyEnding_FiresOnceOffTheLoop(Ending ending)
    {
        var (connection, peer) = _fixture.Open();
        var fired = 0;
        var where = new TaskCompletionSource<(EventLoop? Loop, bool IsThreadPool)>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(() =>
        {
            Interlocked.Increment(ref fired);
            where.TrySetResult((EventLoop.Current, Thread.CurrentThread.IsThreadPoolThread));
        });

        End(ending, connection, peer);

        Assert.Equal((null, true), await where.Task.Soon());
        await connection.DisposeAsync().Soon();
        Assert.Equal(1, fired);
        await _fixture.AssertEndedCleanlyAsync();
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task Dispose_CallbackStillRuns_WaitsForIt(Ending ending)
    {
        var (connection, peer) = _fixture.Open();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var goOn = new SemaphoreSlim(0);
        connection.ConnectionClosed.Register(() =>
        {
            entered.SetResult();
            goOn.Wait(TimeSpan.FromSeconds(20));
        });
        End(ending, connection, peer);
        await entered.Task.Soon();

        var disposing = connection.DisposeAsync();
        await _fixture.LoopBarrierAsync();

        Assert.False(disposing.IsCompleted);
        goOn.Release();
        await disposing.Soon();
        await _fixture.AssertEndedCleanlyAsync();
    }

    // Goal: whoever hears of the peer's end by the token finds the read that was waiting completed, as with Sockets.
    // Method: the callbacks run at the very moment at which they are handed to the thread pool.
    [Theory]
    [InlineData(Scheduling.Inline)]
    [InlineData(Scheduling.Adaptive)]
    [InlineData(Scheduling.ThreadPool)]
    public async Task ConnectionClosed_PeersFinWhileAReadPends_TheReadHasCompletedBefore(Scheduling mode)
    {
        await using var fixture = new ConnectionFixture(mode, queue: static work => work.Execute());
        var (connection, peer) = fixture.Open();
        var reading = connection.Transport.Input.ReadAsync();
        var hasCompleted = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(() => hasCompleted.SetResult(reading.IsCompleted));

        peer.Shutdown(SocketShutdown.Send);

        Assert.True(await hasCompleted.Task.Soon());
        Assert.True((await reading.Soon()).IsCompleted);
    }

    [Fact]
    public async Task ConnectionClosed_FirstAskedForAfterTheEnd_IsCancelled()
    {
        var (connection, _) = _fixture.Open();
        await connection.DisposeAsync().Soon();

        Assert.True(connection.ConnectionClosed.IsCancellationRequested);
    }

    [Fact]
    public async Task ConnectionClosed_CallbackThrows_IsLoggedAndTheConnectionEnds()
    {
        var (connection, _) = _fixture.Open();
        connection.ConnectionClosed.Register(() => throw new InvalidOperationException("The callback failed."));

        await connection.DisposeAsync().Soon();

        Assert.Single(
            _fixture.Log.Entries, entry => entry is { Level: LogLevel.Error, Id.Name: "UnexpectedException" });
    }

    [Fact]
    public async Task ConnectionClosed_BytesUnreadBeforeTheFin_FiresAndTheyStayReadable()
    {
        var (connection, peer) = _fixture.Open();
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.ConnectionClosed.Register(closed.SetResult);
        var payload = Payload.Create(10_000);

        await peer.SendAsync(payload).Soon();
        peer.Shutdown(SocketShutdown.Send);

        await closed.Task.Soon();
        var result = await connection.Transport.Input.ReadAtLeastAsync(payload.Length).Soon();
        Assert.Equal(payload.Length, result.Buffer.Length);
    }

    private static void End(Ending ending, Connection connection, Socket peer)
    {
        switch (ending)
        {
            case Ending.PeerFin:
                peer.Shutdown(SocketShutdown.Send);
                break;
            case Ending.PeerReset:
                peer.Reset();
                break;
            case Ending.AbortWithReason:
                connection.Abort(new ConnectionAbortedException("The test ends it."));
                break;
            case Ending.AbortWithNull:
                connection.Abort(null!);
                break;
            default:
                _ = connection.DisposeAsync();
                break;
        }
    }
}
