using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Kqueue.EventLoops;
using KqueueTransport.Connections;
using KqueueTransport.Tests.Pipes.Duplexes;
using KqueueTransport.Tests.Pipes.Suites;

namespace KqueueTransport.Tests.Pipes;

/// <summary>With the application on the loop, what the loop does for it continues right there.</summary>
public abstract class OnLoopSuite(Scheduling scheduling) : DuplexSuite(new KqueueSource(scheduling))
{
    [Fact]
    public async Task ReadAsync_EveryRead_ContinuesOnTheLoop()
    {
        var departures = 0;
        EventLoop? loop = null;
        var isOnLoop = true;
        for (var i = 0; i < 100; i++)
        {
            var awaiter = Reader.ReadAsync().GetAwaiter();
            var where = Continuation.Of(awaiter);
            await Peer.SendAsync(Payload.Create(1, i)).Soon();
            var present = (await where.Soon()).Loop;
            loop ??= present;
            departures += present is null && isOnLoop ? 1 : 0;
            isOnLoop = present is not null;
            Reader.AdvanceTo(awaiter.GetResult().Buffer.End);
        }

        // One that is compiled first takes its time, and its loop with it, as does a thread that the kernel sets aside:
        // it is elsewhere then, and so are those after it until eight of them were quick. What it did may be told while
        // it is away, and again when it is back.
        Assert.NotNull(loop);
        await Waiting.UntilAsync(() => departures <= 3 * loop.HandOverCount);
    }

    [Fact]
    public async Task FlushAsync_PeerMadeRoom_ContinuesOnTheLoop()
    {
        // Where the send gives way to other connections, or its thread was set aside, the thread pool goes on.
        const int AttemptsMax = 20;
        EventLoop? loop = null;
        for (var attempt = 0; loop is null && attempt < AttemptsMax; attempt++)
        {
            var (flush, written) = await LeaveAFlushPendingAsync();
            var awaiter = flush.GetAwaiter();
            var where = Continuation.Of(awaiter);

            await PeerTakesAsync(written);

            loop = (await where.Soon()).Loop;
            awaiter.GetResult();
        }

        Assert.NotNull(loop);
    }
}

public sealed class KqueueInlineOnLoopTests() : OnLoopSuite(Scheduling.Inline);

public sealed class KqueueAdaptiveOnLoopTests() : OnLoopSuite(Scheduling.Adaptive);

/// <summary>With the application on the thread pool, nothing of it ever runs on the loop.</summary>
public sealed class KqueueThreadPoolOffLoopTests() : DuplexSuite(new KqueueSource(Scheduling.ThreadPool))
{
    [Fact]
    public async Task ReadAsync_EveryRead_ContinuesOnTheThreadPool()
    {
        for (var i = 0; i < 100; i++)
        {
            var awaiter = Reader.ReadAsync().GetAwaiter();
            var where = Continuation.Of(awaiter);
            await Peer.SendAsync(Payload.Create(1, i)).Soon();
            Assert.True((await where.Soon()).IsThreadPool);
            Reader.AdvanceTo(awaiter.GetResult().Buffer.End);
        }
    }

    // The loop has a send of this writer to do, because input is waiting, at the very moment at which a cancelled
    // flush is handed to the thread pool. The two must not be taken for one another.
    [Fact]
    public async Task FlushAsync_CancelledWhileTheLoopSends_ContinuesOnTheThreadPool()
    {
        for (var i = 0; i < 40; i++)
        {
            await using var duplex = (ConnectionDuplex)await Source.OpenAsync(Options);
            await LeaveInputUnconsumedAsync(duplex);
            var release = await BlockLoopAsync(((Connection)duplex.Connection).Loop);
            await duplex.Output.WriteAsync(Payload.Create(10)).Soon();
            var flush = StallAtOnce(duplex.Output);
            var where = Continuation.Of(flush.GetAwaiter());

            release.SetResult();
            duplex.Output.CancelPendingFlush();

            Assert.True((await where.Soon()).IsThreadPool);
        }
    }

    private static async Task<TaskCompletionSource> BlockLoopAsync(EventLoop loop)
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource();
        loop.Post(
            _ =>
            {
                entered.SetResult();
                release.Task.Wait();
            },
            null);
        await entered.Task.Soon();
        return release;
    }

    private static async Task LeaveInputUnconsumedAsync(ConnectionDuplex duplex)
    {
        await duplex.Peer.SendAsync(Payload.Create(10)).Soon();
        duplex.Input.AdvanceTo((await duplex.Input.ReadAsync().Soon()).Buffer.Start);
    }

    private static ValueTask<FlushResult> StallAtOnce(PipeWriter writer)
    {
        while (true)
        {
            var flush = writer.WriteAsync(new byte[DuplexOptions.DefaultMaxWriteBufferSize]);
            if (!flush.IsCompleted)
            {
                return flush;
            }
        }
    }
}

/// <summary>Where a continuation ran.</summary>
internal sealed record Continuation(EventLoop? Loop, bool IsThreadPool)
{
    public static Task<Continuation> Of<TAwaiter>(TAwaiter awaiter)
        where TAwaiter : ICriticalNotifyCompletion
    {
        var where = new TaskCompletionSource<Continuation>(TaskCreationOptions.RunContinuationsAsynchronously);
        awaiter.UnsafeOnCompleted(() => where.SetResult(
            new Continuation(EventLoop.Current, Thread.CurrentThread.IsThreadPoolThread)));
        return where.Task;
    }
}
