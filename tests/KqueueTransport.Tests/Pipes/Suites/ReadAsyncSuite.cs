using System.IO.Pipelines;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>What ReadAsync returns, and when.</summary>
public abstract class ReadAsyncSuite(DuplexSource source) : DuplexSuite(source)
{
    [Fact]
    public async Task ReadAsync_BytesWereDelivered_ReturnsThem()
    {
        var read = await DeliverAndReadAsync(10);

        Assert.Equal(10, read.Buffer.Length);
        Payload.Check(read.Buffer);
        Assert.False(read.IsCompleted);
        Assert.False(read.IsCanceled);
    }

    [Fact]
    public async Task ReadAsync_NothingDelivered_PendsUntilBytesArrive()
    {
        var pending = Reader.ReadAsync().AsTask();
        Assert.False(pending.IsCompleted);

        await Peer.SendAsync(Payload.Create(1)).Soon();

        Payload.Check((await pending.Soon()).Buffer);
    }

    [Fact]
    public async Task ReadAsync_ManyDeliveries_KeepsTheirOrder()
    {
        const int deliveries = 300;
        var sending = SendPiecesAsync();
        await ConsumeAsync(deliveries * (deliveries + 1) / 2);
        await sending;

        async Task SendPiecesAsync()
        {
            for (var (size, offset) = (1, 0); size <= deliveries; offset += size, size++)
            {
                await Peer.SendAsync(Payload.Create(size, offset)).Soon();
            }
        }
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public async Task ReadAsync_SeveralSegments_ReturnsOneSequence(int length)
    {
        var read = await DeliverAndReadAsync(length);

        Assert.Equal(length, read.Buffer.Length);
        Payload.Check(read.Buffer);
    }

    [Fact]
    public async Task ReadAsync_TenMebibytes_ArriveByteForByte()
    {
        const int length = 10 * 1024 * 1024;
        var sending = Peer.SendAsync(Payload.Create(length)).AsTask();

        await ConsumeAsync(length);

        await sending.Soon();
    }

    // A message larger than the read limit must still be readable as a whole: what counts against the limit is what
    // the application has not examined, not what it has not consumed.
    [Fact]
    public async Task ReadAsync_EverythingExaminedNothingConsumed_GrowsBeyondTheLimit()
    {
        const int length = (3 * DuplexOptions.DefaultMaxReadBufferSize) + 1;
        var sending = Peer.SendAsync(Payload.Create(length)).AsTask();

        var read = await ReadBufferedAsync(length);

        Payload.Check(read.Buffer);
        Reader.AdvanceTo(read.Buffer.End);
        await sending.Soon();
    }

    [Fact]
    public async Task ReadAsync_MoreBytesArriveDuringARead_LeavesItsBufferAlone()
    {
        var read = await DeliverAndReadAsync(100);
        await Peer.SendAsync(Payload.Create(5000, 100)).Soon();

        Assert.Equal(100, read.Buffer.Length);
        Payload.Check(read.Buffer);

        Reader.AdvanceTo(read.Buffer.Start);
        Payload.Check((await ReadBufferedAsync(5100)).Buffer);
    }

    [Fact]
    public async Task ReadAsync_DuringARead_Throws()
    {
        await DeliverAndReadAsync(10);

        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_DuringARead_LeavesTheReadIntact()
    {
        var read = await DeliverAndReadAsync(10);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAsync().Soon());

        Reader.AdvanceTo(read.Buffer.GetPosition(4));

        Payload.Check((await ReadBufferedAsync(6)).Buffer, 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(20_000)]
    [InlineData(700_000)]
    public async Task ReadAtLeastAsync_FewerBytesBuffered_WaitsForTheRest(int minimum)
    {
        await Peer.SendAsync(Payload.Create(minimum / 2)).Soon();
        var pending = Reader.ReadAtLeastAsync(minimum).AsTask();
        Assert.False(pending.IsCompleted);

        await Peer.SendAsync(Payload.Create(minimum - (minimum / 2), minimum / 2)).Soon();

        var read = await pending.Soon();
        Assert.Equal(minimum, read.Buffer.Length);
        Payload.Check(read.Buffer);
    }

    [Fact]
    public async Task ReadAtLeastAsync_EnoughBytesAreUnexamined_CompletesAtOnce()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.Start);

        Assert.True(Reader.ReadAtLeastAsync(10).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task ReadAtLeastAsync_Zero_WaitsForOneByteAsReadAsyncDoes()
    {
        var pending = Reader.ReadAtLeastAsync(0).AsTask();
        Assert.False(pending.IsCompleted);

        await Peer.SendAsync(Payload.Create(1)).Soon();

        Assert.Equal(1, (await pending.Soon()).Buffer.Length);
    }

    [Fact]
    public async Task ReadAtLeastAsync_InputEndsBefore_ReturnsTheRest()
    {
        await Peer.SendAsync(Payload.Create(3)).Soon();
        Peer.Finish();

        var read = await Reader.ReadAtLeastAsync(5).Soon();

        Assert.True(read.IsCompleted);
        Assert.Equal(3, read.Buffer.Length);
    }

    [Fact]
    public async Task ReadAtLeastAsync_ReadIsCancelled_ReturnsWhatIsThere()
    {
        var read = await DeliverAndReadAsync(3);
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        var pending = Reader.ReadAtLeastAsync(5).AsTask();

        Reader.CancelPendingRead();

        read = await pending.Soon();
        Assert.True(read.IsCanceled);
        Assert.Equal(3, read.Buffer.Length);
    }

    [Fact]
    public async Task ReadAsync_AfterACancelledReadAtLeast_WaitsForOneByteAgain()
    {
        var atLeast = Reader.ReadAtLeastAsync(100).AsTask();
        Reader.CancelPendingRead();
        Reader.AdvanceTo((await atLeast.Soon()).Buffer.End);

        Assert.Equal(1, (await DeliverAndReadAsync(1)).Buffer.Length);
    }

    [Fact]
    public async Task ReadAtLeastAsync_Negative_Throws() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Reader.ReadAtLeastAsync(-1).Soon());

    [Fact]
    public async Task TryRead_NothingDelivered_ReturnsFalse()
    {
        Assert.False(Reader.TryRead(out _));

        // A read that found nothing is not in progress: the next one may begin.
        await DeliverAndReadAsync(1);
    }

    [Fact]
    public async Task TryRead_BytesArrived_ReturnsThem()
    {
        await Peer.SendAsync(Payload.Create(10)).Soon();

        ReadResult read = default;
        await Waiting.UntilAsync(() => Reader.TryRead(out read));

        Payload.Check(read.Buffer);
        Assert.False(read.IsCompleted);
        Assert.False(read.IsCanceled);
    }

    [Fact]
    public async Task TryRead_UnexaminedBytesLeft_ReturnsThem()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.GetPosition(9));

        Assert.True(Reader.TryRead(out read));

        Assert.Equal(10, read.Buffer.Length);
    }

    [Fact]
    public async Task TryRead_EverythingExamined_ReturnsFalse()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);

        Assert.False(Reader.TryRead(out _));
    }

    [Fact]
    public async Task TryRead_DuringARead_Throws()
    {
        await DeliverAndReadAsync(10);

        Assert.Throws<InvalidOperationException>(() => Reader.TryRead(out _));
    }

    [Fact]
    public void TryRead_WhileReadAsyncPends_Throws()
    {
        var pending = Reader.ReadAsync();
        Assert.False(pending.IsCompleted);

        Assert.Throws<InvalidOperationException>(() => Reader.TryRead(out _));
    }

    [Fact]
    public async Task TryRead_InputEnded_ReportsCompletionEveryTime()
    {
        Peer.Finish();
        ReadResult read = default;
        await Waiting.UntilAsync(() => Reader.TryRead(out read));
        Assert.True(read.IsCompleted);
        Reader.AdvanceTo(read.Buffer.End);

        Assert.True(Reader.TryRead(out read));
        Assert.True(read.IsCompleted);
    }
}
