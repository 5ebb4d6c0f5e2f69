using KqueueTransport.Tests.Pipes.Duplexes;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>The end of the output: our own completion of the writer, and a peer that is gone.</summary>
public abstract class OutputEndSuite(DuplexSource source) : DuplexSuite(source)
{
    private int _writes;

    [Fact]
    public async Task Complete_NothingWritten_EndsTheStream()
    {
        await Writer.CompleteAsync();

        Assert.Empty(await Peer.ReceiveToEndAsync().Soon());
    }

    [Fact]
    public async Task Complete_UnflushedBytes_SendsThemFirst()
    {
        Payload.Fill(Writer.GetSpan(5000)[..5000], 0);
        Writer.Advance(5000);

        await Writer.CompleteAsync();

        var received = await Peer.ReceiveToEndAsync().Soon();
        Assert.Equal(5000, received.Length);
        Payload.Check(received);
    }

    [Fact]
    public async Task Complete_WhileAFlushPends_SendsEverythingFirst()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();

        await Writer.CompleteAsync();

        var received = await Peer.ReceiveToEndAsync().Soon();
        Assert.Equal(written, received.Length);
        Payload.Check(received);
        await flush.Soon();
    }

    [Fact]
    public async Task WriteAsync_AfterComplete_Throws()
    {
        await Writer.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Writer.WriteAsync(Payload.Create(1)).Soon());
        await Assert.ThrowsAsync<InvalidOperationException>(() => Writer.WriteAsync(Array.Empty<byte>()).Soon());
    }

    // The write that meets the end is sent whole or not at all.
    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(60)]
    public async Task WriteAsync_AnotherThreadCompletes_Throws(int pieceKiB)
    {
        var piece = Payload.Create(pieceKiB * 1024);
        var writing = Task.Run(WriteForeverAsync);
        var receiving = Peer.ReceiveToEndAsync();
        await Waiting.UntilAsync(() => Volatile.Read(ref _writes) > 100);

        await Writer.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => writing.Soon());
        var received = await receiving.Soon();
        Assert.Equal(0, received.Length % piece.Length);
        for (var offset = 0; offset < received.Length; offset += piece.Length)
        {
            Payload.Check(received.AsSpan(offset, piece.Length));
        }

        async Task WriteForeverAsync()
        {
            while (true)
            {
                await Writer.WriteAsync(piece).Soon();
                Interlocked.Increment(ref _writes);
            }
        }
    }

    [Fact]
    public async Task GetMemory_AfterComplete_Throws()
    {
        await Writer.CompleteAsync();

        Assert.Throws<InvalidOperationException>(() => Writer.GetMemory());
        Assert.Throws<InvalidOperationException>(() => Writer.GetSpan().Length);
    }

    [Fact]
    public async Task GetMemory_AfterCompleteWithError_Throws()
    {
        await Writer.CompleteAsync(new IOException("done with it"));

        Assert.Throws<InvalidOperationException>(() => Writer.GetMemory());
    }

    [Fact]
    public async Task OtherCalls_AfterComplete_DoNothing()
    {
        await Writer.CompleteAsync();

        Writer.Advance(0);
        Writer.CancelPendingFlush();
        Writer.Complete(new IOException("again"));
        Assert.Equal(0, Writer.UnflushedBytes);
        await Writer.FlushAsync().Soon();
    }

    // The application learns from the result, not from an exception, that nobody listens any more.
    [Fact]
    public async Task WriteAsync_AfterPeerReset_BecomesANoOp()
    {
        await ResetByPeerAsync();

        await WriteUntilCompletedAsync();

        Assert.True((await Writer.WriteAsync(Payload.Create(200_000)).Soon()).IsCompleted);
        Assert.Equal(0, Writer.UnflushedBytes);
        Assert.InRange(Writer.GetMemory(10).Length, 10, int.MaxValue);
        Writer.Advance(10);
        Assert.True((await Writer.FlushAsync().Soon()).IsCompleted);
        await Writer.CompleteAsync();
    }

    [Fact]
    public async Task FlushAsync_PeerResetsWhilePending_Completes()
    {
        var (flush, _) = await WriteMoreThanFitsAsync();

        Peer.Reset();

        Assert.False((await flush.Soon()).IsCanceled);
        await WriteUntilCompletedAsync();
    }

    private async Task ResetByPeerAsync()
    {
        Peer.Reset();
        await Assert.ThrowsAsync<ConnectionResetException>(() => Reader.ReadAsync().Soon());
    }

    // A transport may learn of the reset only from a send that fails, so the first writes may still succeed.
    private async Task WriteUntilCompletedAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!(await Writer.WriteAsync(Payload.Create(1000), limit.Token)).IsCompleted)
        {
            await Task.Yield();
        }
    }
}
