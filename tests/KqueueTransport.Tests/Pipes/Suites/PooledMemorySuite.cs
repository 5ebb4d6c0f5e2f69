using System.IO.Pipelines;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>What is rented from the memory pool, and when it goes back.</summary>
public abstract class PooledMemorySuite(DuplexSource source) : DuplexSuite(source)
{
    // Blocks beside the payload: the partly filled ends of both directions.
    private const int SlackBytes = 8 * 4096;

    [Theory]
    [InlineData(1)]
    [InlineData(10_000)]
    public Task Pool_ReadPendsAfterARoundTrip_HoldsNothing(int length) => HoldsNothingAfterARoundTripAsync(length);

    // The last receive fills its block, so that another one has to find out that there is nothing more.
    [Theory]
    [InlineData(4096)]
    [InlineData(8 * 4096)]
    public Task Pool_BytesFilledTheirBlocks_HoldsNothing(int length) => HoldsNothingAfterARoundTripAsync(length);

    [Fact]
    public async Task Pool_ConsumedSegments_GoBackWhileTheRestStays()
    {
        var read = await DeliverAndReadAsync(200_000);
        Assert.InRange(Pool.RentedBytes, 200_000, 200_000 + SlackBytes);

        Reader.AdvanceTo(read.Buffer.GetPosition(190_000));

        Assert.InRange(Pool.RentedBytes, 10_000, 10_000 + SlackBytes);
        Payload.Check((await ReadBufferedAsync(10_000)).Buffer, 190_000);
    }

    [Fact]
    public async Task Pool_PeerSendsAndNobodyReads_HoldsAtMostTheReadLimit()
    {
        const int length = 16 * 1024 * 1024;
        var sending = Peer.SendAsync(Payload.Create(length)).AsTask();
        await sending.IsStalledAsync();

        // One receive may go beyond the limit by the buffer that it was given.
        Assert.InRange(Pool.RentedBytes, 0, DuplexOptions.DefaultMaxReadBufferSize + SlackBytes);

        await ConsumeAsync(length);
        await sending.Soon();
    }

    [Fact]
    public async Task Pool_PeerTakesNothing_HoldsAtMostTheWriteLimit()
    {
        var written = 0;
        Task<FlushResult> flush;
        do
        {
            written += WritePiece(written);
            flush = Writer.FlushAsync().AsTask();
        }
        while (flush.IsCompleted);

        // The write that crosses the limit is 16 KiB, and a block may have been left at its end each time.
        Assert.InRange(Pool.RentedBytes, 0, DuplexOptions.DefaultMaxWriteBufferSize + (2 * 16 * 1024) + SlackBytes);

        await PeerTakesAsync(written);
        await flush.Soon();
    }

    [Fact]
    public async Task Pool_DuplexClosed_GetsEverythingBack()
    {
        await DeliverAndReadAsync(10_000);
        await Peer.SendAsync(Payload.Create(10_000)).Soon();
        Writer.GetMemory(5000);
        Writer.Advance(5000);

        await CloseAsync();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    [Fact]
    public async Task Pool_ClosedWhileAFlushPends_GetsEverythingBack()
    {
        await WriteMoreThanFitsAsync();

        await CloseAsync();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    [Fact]
    public async Task Pool_AbortedBeforeThePeerTookEverything_GetsEverythingBack()
    {
        await WriteMoreThanFitsAsync();
        await Writer.CompleteAsync();
        await Reader.CompleteAsync();

        Abort();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    [Fact]
    public async Task Pool_PeerGoneBeforeItTookEverything_GetsEverythingBack()
    {
        await WriteMoreThanFitsAsync();
        await Writer.CompleteAsync();
        await Reader.CompleteAsync();

        Peer.Reset();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    [Fact]
    public async Task Pool_PeerReset_GetsEverythingBack()
    {
        await DeliverAndReadAsync(10_000);
        await Writer.WriteAsync(Payload.Create(10_000)).Soon();
        Peer.Reset();

        await CloseAsync();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
    }

    private async Task HoldsNothingAfterARoundTripAsync(int length)
    {
        Reader.AdvanceTo((await DeliverAndReadAsync(length)).Buffer.End);
        await Writer.WriteAsync(Payload.Create(length)).Soon();
        await PeerTakesAsync(length);
        Assert.InRange(Pool.RentedEver, 1, long.MaxValue);

        var pending = Reader.ReadAsync();

        await Waiting.UntilAsync(() => Pool.RentedBytes == 0);
        Assert.False(pending.IsCompleted);
    }
}
