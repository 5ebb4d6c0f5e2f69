using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>How continuations run: outside of locks, with the right context, once.</summary>
public abstract class ContinuationSuite(DuplexSource source) : DuplexSuite(source)
{
    [Fact]
    public async Task ReadAsync_ContinuationUsesBothPipes_Works()
    {
        var done = RunWhenRead(read =>
        {
            Reader.AdvanceTo(read.Buffer.End);
            Assert.False(Reader.TryRead(out _));
            Reader.CancelPendingRead();
            Assert.True(Reader.ReadAsync().Result.IsCanceled);
            Reader.AdvanceTo(default);
            Payload.Fill(Writer.GetSpan(10)[..10], 0);
            Writer.Advance(10);
            Assert.True(Writer.FlushAsync().IsCompletedSuccessfully);
            Writer.Complete();
            Reader.Complete();
        });

        await Peer.SendAsync(Payload.Create(10)).Soon();

        await done.Soon();
        Payload.Check(await Peer.ReceiveToEndAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_ContinuationBlocks_OtherThreadsStillUseTheReader()
    {
        using var release = new ManualResetEventSlim();
        using var entered = new SemaphoreSlim(0);
        var done = RunWhenRead(_ =>
        {
            entered.Release();
            Assert.True(release.Wait(TimeSpan.FromSeconds(30)));
        });
        await Peer.SendAsync(Payload.Create(10)).Soon();
        await entered.WaitAsync().Soon();

        await Task.Run(() =>
        {
            Reader.CancelPendingRead();
            Reader.AdvanceTo(default);
            Assert.True(Reader.ReadAsync().Result.IsCanceled);
        }).Soon();

        release.Set();
        await done.Soon();
    }

    // A handler that answers and then blocks, for the peer's reaction say, must not hold back its answer.
    [Fact]
    public async Task FlushAsync_ContinuationBlocksAfterwards_BytesStillReachThePeer()
    {
        using var release = new ManualResetEventSlim();
        var done = RunWhenRead(read =>
        {
            Reader.AdvanceTo(read.Buffer.End);
            Payload.Fill(Writer.GetSpan(10)[..10], 0);
            Writer.Advance(10);
            Writer.FlushAsync().GetAwaiter().GetResult();
            Assert.True(release.Wait(TimeSpan.FromSeconds(30)));
        });
        await Peer.SendAsync(Payload.Create(10)).Soon();

        await PeerTakesAsync(10);

        release.Set();
        await done.Soon();
    }

    [Fact]
    public async Task FlushAsync_ContinuationBlocks_OtherThreadsStillUseTheWriter()
    {
        using var release = new ManualResetEventSlim();
        using var entered = new SemaphoreSlim(0);
        var (flush, written) = await LeaveAFlushPendingAsync();
        var done = RunWhenCompleted(flush.GetAwaiter(), () =>
        {
            entered.Release();
            Assert.True(release.Wait(TimeSpan.FromSeconds(30)));
        });
        var taking = PeerTakesAsync(written);
        await entered.WaitAsync().Soon();

        await Task.Run(() =>
        {
            Writer.CancelPendingFlush();
            Payload.Fill(Writer.GetSpan(10)[..10], written);
            Writer.Advance(10);
            Assert.True(Writer.FlushAsync().Result.IsCanceled);
        }).Soon();

        release.Set();
        await done.Soon();
        await taking;
        await PeerTakesAsync(10, written);
    }

    // The thread that cancels holds no lock that the other thread's read, or its cancellation, would need.
    [Fact]
    public async Task ReadAsync_TokenIsCancelled_ItsContinuationMayWaitForAnotherCancelledRead()
    {
        using var source = new CancellationTokenSource();
        var awaiter = Reader.ReadAsync(source.Token).GetAwaiter();
        var done = RunWhenCompleted(awaiter, () =>
        {
            Assert.ThrowsAny<OperationCanceledException>(() => awaiter.GetResult());
            Assert.True(Task.Run(CancelAnotherAsync).Wait(TimeSpan.FromSeconds(20)));
        });

        await source.CancelAsync();

        await done.Soon();

        async Task CancelAnotherAsync()
        {
            using var another = new CancellationTokenSource();
            var reading = Reader.ReadAsync(another.Token).AsTask();
            await another.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
        }
    }

    [Fact]
    public async Task FlushAsync_ContinuationCompletesTheWriter_EndsTheStream()
    {
        var (flush, written) = await LeaveAFlushPendingAsync();
        var awaiter = flush.GetAwaiter();
        var done = RunWhenCompleted(awaiter, () =>
        {
            awaiter.GetResult();
            Assert.True(Writer.FlushAsync().IsCompletedSuccessfully);
            Writer.Complete();
        });

        await PeerTakesAsync(written);

        await done.Soon();
        Assert.Empty(await Peer.ReceiveToEndAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_OnCompleted_FlowsTheExecutionContext()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        string? seen = null;
        var done = RunWhenCompleted(Reader.ReadAsync().GetAwaiter(), () => seen = local.Value, flow: true);
        local.Value = "changed since";

        await Peer.SendAsync(Payload.Create(1)).Soon();

        await done.Soon();
        Assert.Equal("mine", seen);
    }

    [Fact]
    public async Task ReadAsync_UnsafeOnCompleted_DoesNotFlowTheExecutionContext()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = "nothing";
        var done = RunWhenCompleted(Reader.ReadAsync().GetAwaiter(), () => seen = local.Value);

        // The delivery must not bring the context along on its own.
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => Peer.SendAsync(Payload.Create(1)).Soon());
        }

        await done.Soon();
        Assert.Null(seen);
    }

    [Fact]
    public async Task ReadAsync_WithSynchronizationContext_DoesNotPostToIt()
    {
        var context = new CountingSynchronizationContext();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        var done = RunWhenCompleted(Reader.ReadAsync().GetAwaiter(), () => { });
        SynchronizationContext.SetSynchronizationContext(before);

        await Peer.SendAsync(Payload.Create(1)).Soon();

        await done.Soon();
        Assert.Equal(0, context.Posts);
    }

    [Fact]
    public async Task ReadAsync_TwoContinuationsOnOneRead_Throws()
    {
        var pending = Reader.ReadAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => BothAsync().Soon());

        async Task BothAsync() => await Task.WhenAll(pending.AsTask(), pending.AsTask());
    }

    [Fact]
    public async Task FlushAsync_TwoContinuationsOnOneFlush_Throws()
    {
        var (flush, _) = await LeaveAFlushPendingAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => BothAsync().Soon());

        async Task BothAsync() => await Task.WhenAll(flush.AsTask(), flush.AsTask());
    }

    [Fact]
    public async Task FlushAsync_WithSynchronizationContext_DoesNotPostToIt()
    {
        var context = new CountingSynchronizationContext();
        var (flush, written) = await LeaveAFlushPendingAsync();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        var done = RunWhenCompleted(flush.GetAwaiter(), () => { });
        SynchronizationContext.SetSynchronizationContext(before);

        await PeerTakesAsync(written);

        await done.Soon();
        Assert.Equal(0, context.Posts);
    }

    [Fact]
    public async Task ReadAsync_ResultTakenAgainAfterAdvanceTo_Throws()
    {
        var pending = Reader.ReadAsync();
        await Peer.SendAsync(Payload.Create(1)).Soon();
        await Waiting.UntilAsync(() => pending.IsCompleted);
        Reader.AdvanceTo(pending.Result.Buffer.End);

        Assert.Throws<InvalidOperationException>(() => pending.Result);
    }

    private Task RunWhenRead(Action<ReadResult> body)
    {
        var awaiter = Reader.ReadAsync().GetAwaiter();
        return RunWhenCompleted(awaiter, () => body(awaiter.GetResult()));
    }

    /// <summary>Registers <paramref name="body"/> itself as the continuation: nothing hops in between.</summary>
    private static Task RunWhenCompleted<TAwaiter>(TAwaiter awaiter, Action body, bool flow = false)
        where TAwaiter : ICriticalNotifyCompletion
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (flow)
        {
            awaiter.OnCompleted(Run);
        }
        else
        {
            awaiter.UnsafeOnCompleted(Run);
        }
        return done.Task;

        void Run()
        {
            try
            {
                body();
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    private sealed class CountingSynchronizationContext : SynchronizationContext
    {
        private int _posts;

        public int Posts => Volatile.Read(ref _posts);

        public override void Post(SendOrPostCallback d, object? state)
        {
            Interlocked.Increment(ref _posts);
            base.Post(d, state);
        }
    }
}
