using System.Buffers;
using KqueueTransport.Tests.Pipes.Duplexes;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>GetMemory, GetSpan, Advance and UnflushedBytes.</summary>
public abstract class WriterMemorySuite(DuplexSource source) : DuplexSuite(source)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    [InlineData(2_000_000)]
    public async Task GetMemory_AnySizeHint_ReturnsAtLeastThatMuch(int sizeHint)
    {
        Assert.InRange(Writer.GetMemory(sizeHint).Length, Math.Max(sizeHint, 1), int.MaxValue);
        Assert.InRange(Writer.GetSpan(sizeHint).Length, Math.Max(sizeHint, 1), int.MaxValue);

        Payload.Fill(Writer.GetSpan(sizeHint)[..sizeHint], 0);
        Writer.Advance(sizeHint);
        var flush = Writer.FlushAsync().AsTask();

        await PeerTakesAsync(sizeHint);
        await flush.Soon();
    }

    // A bare host has no pool but the process's own, which has every size, and hands out sixteen bytes where one is
    // asked for.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public async Task GetMemory_SmallSizeHintAndAPoolOfEverySize_ReturnsABlock(int sizeHint)
    {
        await using var duplex = await Source.OpenAsync(Options with { MemoryPoolFactory = new PoolOfEverySize() });

        Assert.InRange(duplex.Output.GetMemory(sizeHint).Length, 4096, int.MaxValue);
    }

    [Fact]
    public void GetMemory_NegativeSizeHint_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.GetMemory(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.GetSpan(-1).Length);
    }

    [Fact]
    public void GetMemory_AgainWithoutAdvance_IsTheSame()
    {
        var first = Writer.GetMemory(10);

        Assert.True(first.Equals(Writer.GetMemory(10)));
    }

    [Fact]
    public async Task GetMemory_AfterAPartialAdvance_ContinuesBehindIt()
    {
        const int pieces = 2000;
        for (var (i, offset) = (1, 0); i <= pieces; offset += i % 17, i++)
        {
            Payload.Fill(Writer.GetMemory(i % 17).Span[..(i % 17)], offset);
            Writer.Advance(i % 17);
        }
        var total = (int)Writer.UnflushedBytes;
        var flush = Writer.FlushAsync().AsTask();

        await PeerTakesAsync(total);
        await flush.Soon();
    }

    [Fact]
    public async Task GetMemory_LargerThanWhatIsLeft_KeepsWhatWasWritten()
    {
        Payload.Fill(Writer.GetSpan(10)[..10], 0);
        Writer.Advance(10);
        Payload.Fill(Writer.GetSpan(9000)[..9000], 10);
        Writer.Advance(9000);

        await Writer.FlushAsync().Soon();

        await PeerTakesAsync(9010);
    }

    [Fact]
    public async Task GetMemory_WhileAFlushPends_CollectsForTheNextFlush()
    {
        var (flush, written) = await WriteMoreThanFitsAsync();
        Payload.Fill(Writer.GetSpan(10)[..10], written);
        Writer.Advance(10);
        Assert.Equal(10, Writer.UnflushedBytes);

        await PeerTakesAsync(written);
        await flush.Soon();
        var next = PeerTakesAsync(10, written);
        Assert.True(await next.IsStalledAsync());
        await Writer.FlushAsync().Soon();

        await next;
    }

    // Behind a flush, memory that was handed out before belongs to somebody else as soon as it is sent.
    [Fact]
    public async Task Advance_OnMemoryKeptOverAFlush_Throws()
    {
        Payload.Fill(Writer.GetSpan(10)[..10], 0);
        Writer.Advance(5);
        await Writer.FlushAsync().Soon();
        await PeerTakesAsync(5);

        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(5));
        Assert.Equal(0, Writer.UnflushedBytes);
        await Writer.WriteAsync(Payload.Create(5, 5)).Soon();
        await PeerTakesAsync(5, 5);
    }

    [Fact]
    public async Task Advance_SeveralTimesOnOneMemory_AddsUp()
    {
        Payload.Fill(Writer.GetSpan(30)[..30], 0);
        Writer.Advance(10);
        Writer.Advance(0);
        Writer.Advance(20);
        Assert.Equal(30, Writer.UnflushedBytes);

        await Writer.FlushAsync().Soon();

        await PeerTakesAsync(30);
    }

    [Fact]
    public void Advance_BeyondTheMemory_Throws()
    {
        var length = Writer.GetMemory(10).Length;

        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(length + 1));
        Writer.Advance(length);
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(1));
    }

    [Fact]
    public void Advance_Negative_Throws()
    {
        Writer.GetMemory(10);

        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(-1));
    }

    [Fact]
    public void Advance_WithoutMemory_ThrowsUnlessZero()
    {
        Writer.Advance(0);

        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(1));
    }

    [Fact]
    public async Task UnflushedBytes_CountsWhatIsAdvancedAndNotFlushed()
    {
        Assert.True(Writer.CanGetUnflushedBytes);
        Assert.Equal(0, Writer.UnflushedBytes);
        Writer.GetMemory(5000);
        Assert.Equal(0, Writer.UnflushedBytes);
        Writer.Advance(5000);
        Writer.GetMemory(5000);
        Writer.Advance(7);
        Assert.Equal(5007, Writer.UnflushedBytes);

        await Writer.FlushAsync().Soon();

        Assert.Equal(0, Writer.UnflushedBytes);
    }

    private sealed class PoolOfEverySize : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }
}
