using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>WriteAsync, FlushAsync, backpressure and its cancellation.</summary>
public abstract class FlushSuite(DuplexSource source) : DuplexSuite(source)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public async Task WriteAsync_AnySize_ArrivesByteForByte(int length)
    {
        var write = Writer.WriteAsync(Payload.Create(length)).AsTask();

        await PeerTakesAsync(length);

        var flush = await write.Soon();
        Assert.False(flush.IsCanceled);
        Assert.False(flush.IsCompleted);
    }

    [Fact]
    public async Task WriteAsync_TenMebibytes_ArriveByteForByte()
    {
        const int length = 10 * 1024 * 1024;
        var write = Writer.WriteAsync(Payload.Create(length)).AsTask();

        await PeerTakesAsync(length);

        await write.Soon();
    }

    [Fact]
    public async Task WriteAsync_ManyTinyWrites_KeepTheirOrder()
    {
        const int writes = 3000;
        var taking = PeerTakesAsync(writes);
        for (var i = 0; i < writes; i++)
        {
            await Writer.WriteAsync(Payload.Create(1, i)).Soon();
        }
        await taking;
    }

    [Fact]
    public async Task WriteAsync_MixedWithAdvance_KeepsOrder()
    {
        Payload.Fill(Writer.GetSpan(10)[..10], 0);
        Writer.Advance(10);
        await Writer.WriteAsync(Payload.Create(5000, 10)).Soon();
        Payload.Fill(Writer.GetSpan(10)[..10], 5010);
        Writer.Advance(10);
        await Writer.FlushAsync().Soon();

        await PeerTakesAsync(5020);
    }

    [Fact]
    public async Task WriteAsync_SourceReusedAfterwards_SendsWhatItHeld()
    {
        var bytes = Payload.Create(10_000);
        await Writer.WriteAsync(bytes).Soon();
        Array.Clear(bytes);

        await PeerTakesAsync(10_000);
    }

    [Fact]
    public async Task FlushAsync_NothingWritten_CompletesAtOnce()
    {
        var flush = Writer.FlushAsync();

        Assert.True(flush.IsCompletedSuccessfully);
        Assert.False(flush.Result.IsCompleted);
        await Writer.WriteAsync(Payload.Create(1)).Soon();
        await PeerTakesAsync(1);
    }

    [Fact]
    public async Task FlushAsync_BelowTheLimit_CompletesWithoutThePeer()
    {
        Payload.Fill(Writer.GetSpan(1000)[..1000], 0);
        Writer.Advance(1000);

        Assert.True(Writer.FlushAsync().IsCompletedSuccessfully);

        await PeerTakesAsync(1000);
    }

    [Fact]
    public async Task FlushAsync_PeerDoesNotRead_PendsUntilItDoes()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();
        Assert.False(flush.IsCompleted);

        await PeerTakesAsync(written);

        Assert.False((await flush.Soon()).IsCanceled);
    }

    [Fact]
    public async Task FlushAsync_AgainAfterAStall_PendsAgain()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();
        await PeerTakesAsync(written);
        await flush.Soon();

        (flush, written) = await WriteMoreThanFitsAsync();
        await PeerTakesAsync(written);
        await flush.Soon();
    }

    [Fact]
    public async Task CancelPendingFlush_WhileFlushPends_CompletesItAsCancelled()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();

        Writer.CancelPendingFlush();

        Assert.True((await flush.Soon()).IsCanceled);
        await PeerTakesAsync(written);
    }

    [Fact]
    public async Task CancelPendingFlush_BeforeFlush_CancelsTheNextOnly()
    {
        Writer.CancelPendingFlush();

        Assert.True((await Writer.WriteAsync(Payload.Create(3)).Soon()).IsCanceled);

        Assert.False((await Writer.WriteAsync(Payload.Create(3, 3)).Soon()).IsCanceled);
        await PeerTakesAsync(6);
    }

    [Fact]
    public async Task CancelPendingFlush_Twice_CancelsOneFlush()
    {
        Writer.CancelPendingFlush();
        Writer.CancelPendingFlush();

        Assert.True((await Writer.FlushAsync().Soon()).IsCanceled);
        Assert.False((await Writer.FlushAsync().Soon()).IsCanceled);
    }

    [Fact]
    public async Task FlushAsync_AfterACancelledOne_PendsAgainWhileThePeerStillDoesNotRead()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();
        Writer.CancelPendingFlush();
        await flush.Soon();

        flush = Writer.FlushAsync().AsTask();

        Assert.False(flush.IsCompleted);
        await PeerTakesAsync(written);
        Assert.False((await flush.Soon()).IsCanceled);
    }

    [Fact]
    public async Task FlushAsync_TokenAlreadyCancelled_IsCancelledAndKeepsTheBytes()
    {
        Payload.Fill(Writer.GetSpan(3)[..3], 0);
        Writer.Advance(3);

        Assert.True(Writer.FlushAsync(new CancellationToken(canceled: true)).IsCanceled);
        Assert.Equal(3, Writer.UnflushedBytes);

        await Writer.FlushAsync().Soon();
        await PeerTakesAsync(3);
    }

    [Fact]
    public async Task WriteAsync_TokenAlreadyCancelled_WritesNothing()
    {
        Assert.True(Writer.WriteAsync(Payload.Create(3), new CancellationToken(canceled: true)).IsCanceled);
        Assert.Equal(0, Writer.UnflushedBytes);

        await Writer.WriteAsync(Payload.Create(3)).Soon();
        await PeerTakesAsync(3);
    }

    [Fact]
    public async Task FlushAsync_TokenCancelledWhilePending_ThrowsWithThatTokenAndSendsTheBytes()
    {
        using var source = new CancellationTokenSource();
        var (flush, written) = await WriteMoreThanFitsAsync(source.Token);

        await source.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush.Soon());
        Assert.Equal(source.Token, exception.CancellationToken);
        await PeerTakesAsync(written);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FlushAsync_TokenAndCancelPendingFlushBeforeTheAwait_ThrowsAndTheNextFlushPends(bool isTokenFirst)
    {
        var (stalled, written) = await WriteMoreThanFitsAsync();
        Writer.CancelPendingFlush();
        await stalled.Soon();
        using var source = new CancellationTokenSource();
        var pending = Writer.FlushAsync(source.Token);
        if (isTokenFirst)
        {
            await source.CancelAsync();
            Writer.CancelPendingFlush();
        }
        else
        {
            Writer.CancelPendingFlush();
            await source.CancelAsync();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.Soon());

        var next = Writer.FlushAsync().AsTask();
        Assert.False(next.IsCompleted);
        await PeerTakesAsync(written);
        Assert.False((await next.Soon()).IsCanceled);
    }

    [Fact]
    public async Task FlushAsync_TokenCancelledAfterCompletion_DoesNotTouchTheNextFlush()
    {
        using var source = new CancellationTokenSource();
        var (flush, written) = await WriteMoreThanFitsAsync(source.Token);
        await PeerTakesAsync(written);
        await flush.Soon();
        (flush, written) = await WriteMoreThanFitsAsync();

        await source.CancelAsync();

        Assert.False(flush.IsCompleted);
        await PeerTakesAsync(written);
        Assert.False((await flush.Soon()).IsCanceled);
    }
}
