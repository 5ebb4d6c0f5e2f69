using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>CancelPendingRead and cancellation tokens of reads.</summary>
public abstract class ReadCancellationSuite(DuplexSource source) : DuplexSuite(source)
{
    [Fact]
    public async Task CancelPendingRead_WhileReadAsyncPends_CompletesItAsCancelled()
    {
        var pending = Reader.ReadAsync().AsTask();

        Reader.CancelPendingRead();

        var read = await pending.Soon();
        Assert.True(read.IsCanceled);
        Assert.False(read.IsCompleted);
        Assert.True(read.Buffer.IsEmpty);
    }

    [Fact]
    public async Task CancelPendingRead_BeforeReadAsync_CancelsTheNextReadOnly()
    {
        var read = await DeliverAndReadAsync(4);
        Reader.AdvanceTo(read.Buffer.Start);
        Reader.CancelPendingRead();

        read = await Reader.ReadAsync().Soon();
        Assert.True(read.IsCanceled);
        Assert.Equal(4, read.Buffer.Length);
        Reader.AdvanceTo(read.Buffer.Start);

        Assert.False((await Reader.ReadAsync().Soon()).IsCanceled);
    }

    [Fact]
    public async Task CancelPendingRead_DuringARead_CancelsTheNextOne()
    {
        var read = await DeliverAndReadAsync(4);
        Reader.CancelPendingRead();
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);

        read = await Reader.ReadAsync().Soon();

        Assert.True(read.IsCanceled);
        Assert.Equal(4, read.Buffer.Length);
    }

    [Fact]
    public void CancelPendingRead_BeforeTryRead_ReturnsACancelledResult()
    {
        Reader.CancelPendingRead();

        Assert.True(Reader.TryRead(out var read));
        Assert.True(read.IsCanceled);
        Reader.AdvanceTo(read.Buffer.End);
        Assert.False(Reader.TryRead(out _));
    }

    [Fact]
    public async Task CancelPendingRead_NoAdvanceToBehindIt_TheNextReadGoesOn()
    {
        Reader.CancelPendingRead();
        Assert.True((await Reader.ReadAsync().Soon()).IsCanceled);

        var read = await DeliverAndReadAsync(4);

        Assert.False(read.IsCanceled);
        Assert.Equal(4, read.Buffer.Length);
        Reader.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task CancelPendingRead_Twice_CancelsOneRead()
    {
        Reader.CancelPendingRead();
        Reader.CancelPendingRead();
        var read = await Reader.ReadAsync().Soon();
        Assert.True(read.IsCanceled);
        Reader.AdvanceTo(read.Buffer.End);

        Assert.False(Reader.ReadAsync().IsCompleted);
    }

    [Fact]
    public async Task CancelPendingRead_InputEnded_ReportsBoth()
    {
        Peer.Finish();
        var read = await ReadToEndAsync();
        Reader.AdvanceTo(read.Buffer.End);
        Reader.CancelPendingRead();

        read = await Reader.ReadAsync().Soon();
        Assert.True(read.IsCanceled);
        Assert.True(read.IsCompleted);
        Reader.AdvanceTo(read.Buffer.End);

        Assert.False((await Reader.ReadAsync().Soon()).IsCanceled);
    }

    // A loop that looks at IsCanceled first and reads again has not used the buffer, and need not advance it.
    [Fact]
    public async Task ReadAsync_AfterACancelledReadWithoutAdvanceTo_ReadsOn()
    {
        var read = await DeliverAndReadAsync(4);
        Reader.AdvanceTo(read.Buffer.Start);
        Reader.CancelPendingRead();
        Assert.True((await Reader.ReadAsync().Soon()).IsCanceled);

        read = await Reader.ReadAsync().Soon();

        Assert.False(read.IsCanceled);
        Payload.Check(read.Buffer);
        Reader.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task CancelPendingRead_ReadGoesOn_LosesNoByte()
    {
        var pending = Reader.ReadAsync().AsTask();
        Reader.CancelPendingRead();
        Reader.AdvanceTo((await pending.Soon()).Buffer.End);

        await Peer.SendAsync(Payload.Create(10)).Soon();

        await ConsumeAsync(10);
    }

    [Fact]
    public async Task CancelPendingRead_RacesWithDeliveries_LosesNoByte()
    {
        const int length = 200_000;
        using var stop = new CancellationTokenSource();
        var canceller = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Reader.CancelPendingRead();
                Thread.Yield();
            }
        });
        var sender = Task.Run(async () =>
        {
            for (var offset = 0; offset < length; offset += 1000)
            {
                await Peer.SendAsync(Payload.Create(1000, offset));
            }
        });

        await ConsumeAsync(length);

        await stop.CancelAsync();
        await Task.WhenAll(sender, canceller).Soon();
    }

    [Fact]
    public async Task ReadAsync_TokenAlreadyCancelled_IsCancelledEvenWithBytes()
    {
        var read = await DeliverAndReadAsync(3);
        Reader.AdvanceTo(read.Buffer.Start);

        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        var cancelled = Reader.ReadAsync(source.Token);

        Assert.True(cancelled.IsCanceled);
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Soon());
        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.Equal(3, (await Reader.ReadAsync().Soon()).Buffer.Length);
    }

    [Fact]
    public async Task ReadAsync_TokenCancelledWhilePending_ThrowsWithThatToken()
    {
        using var source = new CancellationTokenSource();
        var pending = Reader.ReadAsync(source.Token).AsTask();
        Assert.False(pending.IsCompleted);

        await source.CancelAsync();

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.Soon());
        Assert.Equal(source.Token, exception.CancellationToken);
    }

    // One cancellation, whoever it comes from, and however often before the read is awaited: one read is cancelled.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadAsync_TokenAndCancelPendingReadBeforeTheAwait_ThrowsAndTheNextReadGoesOn(bool isTokenFirst)
    {
        using var source = new CancellationTokenSource();
        var pending = Reader.ReadAsync(source.Token);
        if (isTokenFirst)
        {
            await source.CancelAsync();
            Reader.CancelPendingRead();
        }
        else
        {
            Reader.CancelPendingRead();
            await source.CancelAsync();
        }

        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.Soon());
        Assert.Equal(source.Token, exception.CancellationToken);
        Assert.False(Reader.ReadAsync().IsCompleted);
    }

    [Fact]
    public async Task ReadAsync_TokenCancelledWhenTheBytesAreHere_ThrowsAndKeepsThem()
    {
        using var source = new CancellationTokenSource();
        var pending = Reader.ReadAsync(source.Token);
        await Peer.SendAsync(Payload.Create(3)).Soon();
        await Waiting.UntilAsync(() => pending.IsCompleted);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.Soon());
        Payload.Check((await Reader.ReadAsync().Soon()).Buffer);
    }

    [Fact]
    public async Task ReadAsync_AfterATokenCancelledOne_ReadsOn()
    {
        using var source = new CancellationTokenSource();
        var pending = Reader.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending.Soon());

        Payload.Check((await DeliverAndReadAsync(3)).Buffer);
    }

    [Fact]
    public async Task ReadAsync_TokenCancelledAfterCompletion_DoesNotTouchTheNextRead()
    {
        using var source = new CancellationTokenSource();
        var pending = Reader.ReadAsync(source.Token).AsTask();
        await Peer.SendAsync(Payload.Create(1)).Soon();
        Reader.AdvanceTo((await pending.Soon()).Buffer.End);
        var next = Reader.ReadAsync().AsTask();

        await source.CancelAsync();

        Assert.False(next.IsCompleted);
        await Peer.SendAsync(Payload.Create(1, 1)).Soon();
        Payload.Check((await next.Soon()).Buffer, 1);
    }

    [Fact]
    public async Task ReadAsync_TokenAlreadyCancelledAndReaderCompleted_ReportsCompletionFirst()
    {
        await Reader.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => Reader.ReadAsync(new CancellationToken(canceled: true)).Soon());
    }

    [Fact]
    public async Task ReadAsync_TokenCancellationRacesWithDeliveries_LosesNoByte()
    {
        const int length = 20_000;
        var sender = Task.Run(async () =>
        {
            for (var offset = 0; offset < length; offset += 100)
            {
                await Peer.SendAsync(Payload.Create(100, offset));
            }
        });
        for (var offset = 0L; offset < length;)
        {
            using var source = new CancellationTokenSource();
            var pending = Reader.ReadAsync(source.Token).AsTask();
            var cancelling = Task.Run(source.Cancel);
            try
            {
                var read = await pending.Soon();
                Payload.Check(read.Buffer, offset);
                offset += read.Buffer.Length;
                Reader.AdvanceTo(read.Buffer.End);
            }
            catch (OperationCanceledException)
            {
                // The token won: nothing was read, and no read is in progress.
            }
            await cancelling;
        }
        await sender.Soon();
    }
}
