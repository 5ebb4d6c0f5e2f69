using KqueueTransport.Tests.Pipes.Duplexes;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>The end of the input: the peer's FIN or RST, and our own completion of the reader.</summary>
public abstract class InputEndSuite(DuplexSource source) : DuplexSuite(source)
{
    [Fact]
    public async Task ReadAsync_PeerFinishesWithoutBytes_IsCompleted()
    {
        var pending = Reader.ReadAsync().AsTask();
        Peer.Finish();

        var read = await pending.Soon();

        Assert.True(read.IsCompleted);
        Assert.False(read.IsCanceled);
        Assert.True(read.Buffer.IsEmpty);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(50_000)]
    public async Task ReadAsync_PeerFinishesAfterBytes_ReturnsThemAll(int length)
    {
        await Peer.SendAsync(Payload.Create(length)).Soon();
        Peer.Finish();

        var read = await ReadToEndAsync();

        Assert.Equal(length, read.Buffer.Length);
        Payload.Check(read.Buffer);
    }

    [Fact]
    public async Task ReadAsync_PeerFinishedAndBytesExamined_CompletesAgainAtOnce()
    {
        await Peer.SendAsync(Payload.Create(10)).Soon();
        Peer.Finish();
        var read = await ReadToEndAsync();
        Reader.AdvanceTo(read.Buffer.GetPosition(4), read.Buffer.End);

        var next = Reader.ReadAsync();

        Assert.True(next.IsCompletedSuccessfully);
        Assert.True(next.Result.IsCompleted);
        Payload.Check(next.Result.Buffer, 4);
    }

    [Fact]
    public async Task ReadAsync_PeerFinished_StillWrites()
    {
        Peer.Finish();
        var read = await ReadToEndAsync();
        Reader.AdvanceTo(read.Buffer.End);

        await Writer.WriteAsync(Payload.Create(100)).Soon();

        await PeerTakesAsync(100);
    }

    [Fact]
    public async Task ReadAsync_PeerResetsWhilePending_ThrowsConnectionReset()
    {
        var pending = Reader.ReadAsync().AsTask();

        Peer.Reset();

        await Assert.ThrowsAsync<ConnectionResetException>(() => pending.Soon());
    }

    [Fact]
    public async Task ReadAsync_PeerResetDuringARead_ThrowsAfterIt()
    {
        var read = await DeliverAndReadAsync(10);
        Peer.Reset();
        Payload.Check(read.Buffer);
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);

        await Assert.ThrowsAsync<ConnectionResetException>(() => Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_AfterItThrewConnectionReset_ThrowsAgain()
    {
        Peer.Reset();
        await Assert.ThrowsAsync<ConnectionResetException>(() => Reader.ReadAsync().Soon());

        await Assert.ThrowsAsync<ConnectionResetException>(() => Reader.ReadAsync().Soon());
        Assert.Throws<ConnectionResetException>(() => Reader.TryRead(out _));
    }

    [Fact]
    public async Task TryRead_AfterThePeersReset_Throws()
    {
        Peer.Reset();
        await Assert.ThrowsAsync<ConnectionResetException>(() => Reader.ReadAsync().Soon());

        Assert.Throws<ConnectionResetException>(() => Reader.TryRead(out _));
    }

    [Fact]
    public async Task ReadAsync_AfterReaderCompleted_Throws()
    {
        await Reader.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task ReadAsync_AfterReaderCompletedWithError_ThrowsTheSame()
    {
        await Reader.CompleteAsync(new IOException("done with it"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAsync().Soon());
    }

    [Fact]
    public async Task TryRead_AfterReaderCompleted_Throws()
    {
        await Reader.CompleteAsync();

        Assert.Throws<InvalidOperationException>(() => Reader.TryRead(out _));
    }

    [Fact]
    public async Task ReadAtLeastAsync_AfterReaderCompleted_Throws()
    {
        await Reader.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Reader.ReadAtLeastAsync(1).Soon());
    }

    [Fact]
    public async Task AdvanceTo_AfterReaderCompleted_Throws()
    {
        var read = await DeliverAndReadAsync(10);
        var end = read.Buffer.End;
        await Reader.CompleteAsync();

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(end));
    }

#pragma warning disable CS0618 // Obsolete, and there all the same.
    [Fact]
    public void OnCompleted_OfTheOtherEndWithNull_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => Reader.OnWriterCompleted(null!, null));
        Assert.Throws<ArgumentNullException>(() => Writer.OnReaderCompleted(null!, null));
    }
#pragma warning restore CS0618

    [Fact]
    public void Complete_Twice_DoesNothing()
    {
        Reader.Complete();
        Reader.Complete(new IOException("again"));
    }

    [Fact]
    public void CancelPendingRead_AfterReaderCompleted_DoesNothing()
    {
        Reader.Complete();
        Reader.CancelPendingRead();
    }

    [Fact]
    public async Task Complete_WithUnreadBytes_LeavesTheWriterAlone()
    {
        await Peer.SendAsync(Payload.Create(100)).Soon();
        await Reader.CompleteAsync();

        await Writer.WriteAsync(Payload.Create(1000)).Soon();

        await PeerTakesAsync(1000);
    }
}
