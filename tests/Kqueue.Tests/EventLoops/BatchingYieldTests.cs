using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>A yield that brings a batch is made again; one that costs a time slice is left out for a while.</summary>
public sealed class BatchingYieldTests
{
    private readonly ManualClock _clock = new();
    private BatchingYield _yield;

    public BatchingYieldTests() => _yield = new BatchingYield(_clock);

    [Fact]
    public void Yield_BringsAnEventInTime_IsMadeEachTurn()
    {
        for (var turn = 0; turn < 10; turn++)
        {
            Assert.True(_yield.MustYield());
            Yield(TimeSpan.FromMilliseconds(1), events: 20);
        }
    }

    [Fact]
    public void Yield_NobodyElseRuns_IsMadeEachTurn()
    {
        for (var turn = 0; turn < 10; turn++)
        {
            Assert.True(_yield.MustYield());
            Yield(TimeSpan.FromMicroseconds(1), events: 0);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Yield_CostsATimeSlice_IsLeftOutEverLonger(int events)
    {
        for (var skipped = 1; skipped <= BatchingYield.SkippedMax; skipped *= 2)
        {
            Yield(TimeSpan.FromMilliseconds(3), events);
            Assert.Equal(skipped, TurnsWithout());
        }

        Yield(TimeSpan.FromMilliseconds(3), events);
        Assert.Equal(BatchingYield.SkippedMax, TurnsWithout());
    }

    [Fact]
    public void Yield_BringsABatchAgain_IsMadeEachTurnAgain()
    {
        Yield(TimeSpan.FromMilliseconds(3), events: 0);
        Yield(TimeSpan.FromMilliseconds(3), events: 0);
        Assert.Equal(2, TurnsWithout());

        Yield(TimeSpan.FromMicroseconds(10), events: 1);

        Assert.Equal(0, TurnsWithout());
        Yield(TimeSpan.FromMilliseconds(3), events: 0);
        Assert.Equal(1, TurnsWithout());
    }

    private void Yield(TimeSpan duration, int events)
    {
        _yield.Yield();
        _clock.Advance(duration);
        _yield.OnAsked(events);
    }

    private int TurnsWithout()
    {
        var turns = 0;
        while (!_yield.MustYield())
        {
            turns++;
        }

        return turns;
    }
}
