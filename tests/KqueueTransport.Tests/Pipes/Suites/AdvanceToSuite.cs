using KqueueTransport.Tests.Pipes.Duplexes;

namespace KqueueTransport.Tests.Pipes.Suites;

/// <summary>What consumed and examined do to the next read.</summary>
public abstract class AdvanceToSuite(DuplexSource source) : DuplexSuite(source)
{
    // Positions in a buffer of this length: both ends, both sides of a 4 KiB segment boundary, the middle of a segment.
    private const int Length = 10_000;
    private static readonly int[] s_positions = [0, 1, 4095, 4096, 4097, 7000, Length - 1, Length];

    public static TheoryData<int, int> ConsumedAndExamined()
    {
        var data = new TheoryData<int, int>();
        foreach (var consumed in s_positions)
        {
            foreach (var examined in s_positions)
            {
                if (examined >= consumed)
                {
                    data.Add(consumed, examined);
                }
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(ConsumedAndExamined))]
    public async Task AdvanceTo_AnyConsumedAndExamined_DecidesTheNextRead(int consumed, int examined)
    {
        var read = await DeliverAndReadAsync(Length);
        Reader.AdvanceTo(read.Buffer.GetPosition(consumed), read.Buffer.GetPosition(examined));

        var next = Reader.ReadAsync();

        Assert.Equal(examined < Length, next.IsCompleted);
        if (!next.IsCompleted)
        {
            await Peer.SendAsync(Payload.Create(1, Length)).Soon();
        }
        read = await next.Soon();
        Assert.Equal(Length - consumed + (examined < Length ? 0 : 1), read.Buffer.Length);
        Payload.Check(read.Buffer, consumed);
    }

    [Fact]
    public async Task AdvanceTo_OneByteAtATime_WalksThroughAllSegments()
    {
        const int length = 9000;
        var read = await DeliverAndReadAsync(length);
        for (var i = 0; i < length - 1; i++)
        {
            Reader.AdvanceTo(read.Buffer.GetPosition(1));
            Assert.True(Reader.TryRead(out read));
            Assert.Equal(length - i - 1, read.Buffer.Length);
        }
        Payload.Check(read.Buffer, length - 1);
    }

    [Fact]
    public async Task AdvanceTo_ConsumedOnly_ExaminesAsMuch()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.GetPosition(4));

        Assert.True(Reader.TryRead(out read));

        Assert.Equal(6, read.Buffer.Length);
    }

    [Fact]
    public async Task AdvanceTo_ExaminedLessThanBefore_DoesNotUnexamine()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        await Peer.SendAsync(Payload.Create(5, 10)).Soon();
        read = await ReadBufferedAsync(15);

        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.GetPosition(3));

        Assert.True(Reader.TryRead(out read));
        Assert.Equal(15, read.Buffer.Length);
    }

    [Fact]
    public async Task AdvanceTo_Default_KeepsEverything()
    {
        await DeliverAndReadAsync(10);
        Reader.AdvanceTo(default);

        Assert.True(Reader.TryRead(out var read));

        Assert.Equal(10, read.Buffer.Length);
    }

    [Fact]
    public async Task AdvanceTo_ConsumedAndDefaultExamined_Consumes()
    {
        var read = await DeliverAndReadAsync(Length);
        Reader.AdvanceTo(read.Buffer.GetPosition(5000), default);

        Assert.True(Reader.TryRead(out read));

        Assert.Equal(Length - 5000, read.Buffer.Length);
        Payload.Check(read.Buffer, 5000);
    }

    [Fact]
    public async Task AdvanceTo_DuringDeliveries_LosesNothing()
    {
        const int length = 500_000;
        var sending = Peer.SendAsync(Payload.Create(length)).AsTask();
        var (offset, seen) = (0L, 0L);
        for (var step = 1; seen < length; step = (step * 7) % 5003)
        {
            var read = await Reader.ReadAsync().Soon();
            Payload.Check(read.Buffer, offset);
            seen = offset + read.Buffer.Length;
            var taken = read.Buffer.Slice(0, Math.Min(step, read.Buffer.Length));
            offset += taken.Length;
            var waitForMore = step % 2 == 0 && seen < length;
            Reader.AdvanceTo(taken.End, waitForMore ? read.Buffer.End : taken.End);
        }
        await sending.Soon();
        await ConsumeAsync(length - offset, offset);
    }

    [Fact]
    public async Task AdvanceTo_ExaminedBeforeConsumed_Throws()
    {
        var read = await DeliverAndReadAsync(10);

        Assert.Throws<InvalidOperationException>(
            () => Reader.AdvanceTo(read.Buffer.GetPosition(5), read.Buffer.GetPosition(3)));
    }

    [Fact]
    public async Task AdvanceTo_ExaminedBeforeConsumedAcrossSegments_Throws()
    {
        var read = await DeliverAndReadAsync(Length);

        Assert.Throws<InvalidOperationException>(
            () => Reader.AdvanceTo(read.Buffer.GetPosition(9000), read.Buffer.GetPosition(3)));
    }

    [Fact]
    public async Task AdvanceTo_AfterItThrew_EndsTheSameRead()
    {
        var read = await DeliverAndReadAsync(10);
        Assert.Throws<InvalidOperationException>(
            () => Reader.AdvanceTo(read.Buffer.GetPosition(5), read.Buffer.GetPosition(3)));

        Reader.AdvanceTo(read.Buffer.GetPosition(5));

        Payload.Check((await ReadBufferedAsync(5)).Buffer, 5);
    }

    [Fact]
    public async Task AdvanceTo_PositionOfSomethingElse_Throws()
    {
        await DeliverAndReadAsync(10);

        Assert.Throws<InvalidCastException>(() => Reader.AdvanceTo(new SequencePosition("not a segment", 1)));
    }

    [Fact]
    public async Task AdvanceTo_PositionOfAnEarlierRead_Throws()
    {
        var earlier = (await DeliverAndReadAsync(100)).Buffer;
        Reader.AdvanceTo(earlier.End);
        Reader.CancelPendingRead();
        var read = await Reader.ReadAsync().Soon();

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(earlier.End));
        Reader.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public void AdvanceTo_WithoutARead_Throws() =>
        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(default));

    // As after a cancelled read: whoever tried may advance without looking at what the try returned.
    [Fact]
    public async Task AdvanceTo_AfterATryThatFoundNothing_DoesNothing()
    {
        Assert.False(Reader.TryRead(out var read));

        Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);

        await DeliverAndReadAsync(1);
    }

    [Fact]
    public async Task AdvanceTo_Twice_Throws()
    {
        var read = await DeliverAndReadAsync(10);
        Reader.AdvanceTo(read.Buffer.Start);

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(read.Buffer.Start));
    }

    [Fact]
    public void AdvanceTo_WhileReadAsyncPends_Throws()
    {
        var pending = Reader.ReadAsync();
        Assert.False(pending.IsCompleted);

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(default));
    }
}
