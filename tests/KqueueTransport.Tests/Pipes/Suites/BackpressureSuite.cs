using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>When a flush pends and resumes, with limits that dwarf what the kernel takes by itself.</summary>
public abstract class BackpressureSuite(DuplexSource source) : DuplexSuite(source)
{
    private const int Limit = 16 * 1024 * 1024;

    protected override DuplexOptions Options { get; } = new() { MaxWriteBufferSize = Limit };

    [Fact]
    public async Task FlushAsync_PeerTakesLessThanHalf_StillPends()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();

        await PeerTakesAsync(Limit / 4);
        Assert.True(await flush.IsStalledAsync());

        await PeerTakesAsync(written - (Limit / 4), Limit / 4);
        await flush.Soon();
    }

    [Fact]
    public async Task FlushAsync_PeerTakesMoreThanHalf_CompletesWithoutTheRest()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();
        Assert.InRange(written, Limit, int.MaxValue);

        // A byte below half may be left.
        await PeerTakesAsync(written - ((Limit / 2) - 1));

        Assert.False((await flush.Soon()).IsCanceled);
        await PeerTakesAsync((Limit / 2) - 1, written - ((Limit / 2) - 1));
    }

    [Fact]
    public async Task FlushAsync_NoLimit_CompletesThoughThePeerTakesNothing()
    {
        const int pieceBytes = 1024 * 1024;
        await using var duplex = await Source.OpenAsync(new DuplexOptions { MaxWriteBufferSize = 0 });

        for (var written = 0; written < Limit; written += pieceBytes)
        {
            await duplex.Output.WriteAsync(Payload.Create(pieceBytes, written)).Soon();
        }

        Payload.Check(await duplex.Peer.ReceiveExactlyAsync(Limit).Soon());
    }
}
