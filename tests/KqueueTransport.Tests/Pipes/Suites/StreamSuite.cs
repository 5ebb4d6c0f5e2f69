using System.IO.Pipelines;
using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>CopyToAsync and the stream adapters.</summary>
public abstract class StreamSuite(DuplexSource source) : DuplexSuite(source)
{
    private const int Length = 300_000;

    [Fact]
    public async Task CopyToAsync_Stream_CopiesToTheEnd()
    {
        var sending = SendAllAndFinishAsync();
        using var copy = new MemoryStream();

        await Reader.CopyToAsync(copy).Soon();

        Assert.Equal(Length, copy.Length);
        Payload.Check(copy.ToArray());
        await sending;
        Assert.True((await Reader.ReadAsync().Soon()).IsCompleted);
    }

    [Fact]
    public async Task CopyToAsync_OwnWriter_EchoesToThePeer()
    {
        var echo = Task.Run(() => Reader.CopyToAsync(Writer));
        var sending = SendAllAndFinishAsync();

        await PeerTakesAsync(Length);

        await sending;
        await echo.Soon();
    }

    [Fact]
    public async Task CopyToAsync_ReadIsCancelled_Throws()
    {
        var copying = Reader.CopyToAsync(Stream.Null);

        Reader.CancelPendingRead();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying.Soon());
    }

    [Fact]
    public async Task CopyToAsync_TokenCancelled_ThrowsAndKeepsTheInput()
    {
        using var source = new CancellationTokenSource();
        var copying = Reader.CopyToAsync(Stream.Null, source.Token);

        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying.Soon());
        await DeliverAndReadAsync(10);
    }

    [Fact]
    public async Task CopyToAsync_DestinationFails_ThrowsItsExceptionAndKeepsTheInput()
    {
        await Peer.SendAsync(Payload.Create(10)).Soon();
        using var readOnly = new MemoryStream([], writable: false);

        await Assert.ThrowsAsync<NotSupportedException>(() => Reader.CopyToAsync(readOnly).Soon());

        Payload.Check((await ReadBufferedAsync(10)).Buffer);
    }

    [Fact]
    public async Task CopyToAsync_FlushOfTheDestinationIsCancelled_Throws()
    {
        Writer.CancelPendingFlush();
        await Peer.SendAsync(Payload.Create(10)).Soon();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Reader.CopyToAsync(Writer).Soon());
    }

    [Fact]
    public async Task CopyToAsync_NoDestination_Throws()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => Reader.CopyToAsync((Stream)null!).Soon());
        await Assert.ThrowsAsync<ArgumentNullException>(() => Reader.CopyToAsync((PipeWriter)null!).Soon());
    }

    [Fact]
    public async Task CopyToAsync_StreamIntoWriter_ArrivesByteForByte()
    {
        using var bytes = new MemoryStream(Payload.Create(Length));
        var copying = bytes.CopyToAsync(Writer);

        await PeerTakesAsync(Length);

        await copying.Soon();
    }

    [Fact]
    public async Task AsStream_Reader_ReadsToTheEnd()
    {
        var sending = SendAllAndFinishAsync();
        await using var stream = Reader.AsStream();
        var bytes = new byte[Length];

        await stream.ReadExactlyAsync(bytes).Soon();

        Payload.Check(bytes);
        Assert.Equal(0, await stream.ReadAsync(bytes).Soon());
        await sending;
    }

    [Fact]
    public async Task AsStream_Writer_WritesAndFlushes()
    {
        await using var stream = Writer.AsStream(leaveOpen: true);
        var writing = stream.WriteAsync(Payload.Create(Length)).AsTask();

        await PeerTakesAsync(Length);

        await writing.Soon();
        await stream.FlushAsync().Soon();
    }

    [Fact]
    public async Task AsStream_ReaderDisposed_CompletesTheReader()
    {
        await Reader.AsStream().DisposeAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task AsStream_WriterDisposed_EndsTheStream()
    {
        await Writer.AsStream().DisposeAsync();

        Assert.Empty(await Peer.ReceiveToEndAsync().Soon());
    }

    [Fact]
    public async Task AsStream_LeftOpen_KeepsBothUsable()
    {
        await Reader.AsStream(leaveOpen: true).DisposeAsync();
        await Writer.AsStream(leaveOpen: true).DisposeAsync();

        await Writer.WriteAsync(Payload.Create(10)).Soon();
        await PeerTakesAsync(10);
        await DeliverAndReadAsync(10);
    }

    private async Task SendAllAndFinishAsync()
    {
        await Peer.SendAsync(Payload.Create(Length)).Soon();
        Peer.Finish();
    }
}
