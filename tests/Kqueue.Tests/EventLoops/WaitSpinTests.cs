using Common;
using Kqueue.EventLoops.Driving;

namespace Kqueue.Tests.EventLoops;

/// <summary>When a driver asks for events for a while: the rule by itself.</summary>
public sealed class WaitSpinTests
{
    private readonly ManualClock _clock = new();

    // Each halves it: 1,000 µs are 31 after five.
    [Fact]
    public void Note_ALongWait_TakesARowOfShortOnes()
    {
        var spin = new WaitSpin(_clock);
        Assert.True(spin.IsWorthIt);

        spin.Note(TimeSpan.FromMilliseconds(1), events: 1);
        for (var i = 0; i < 4; i++)
        {
            spin.Note(TimeSpan.Zero, events: 1);
            Assert.False(spin.IsWorthIt);
        }

        spin.Note(TimeSpan.Zero, events: 1);
        Assert.True(spin.IsWorthIt);
    }

    [Fact]
    public void Note_WaitsOfASleepsCost_AreWorthIt()
    {
        var spin = new WaitSpin(_clock);
        for (var i = 0; i < 20; i++)
        {
            spin.Note(TimeSpan.FromMicroseconds(50), events: 1);
            Assert.True(spin.IsWorthIt);
        }

        spin.Note(TimeSpan.FromMicroseconds(51), events: 1);
        Assert.False(spin.IsWorthIt);
    }

    // A wait that only a post has ended brings none.
    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 50)]
    [InlineData(4, 200)]
    public void Note_AWaitWithEvents_CountsForEachOfThem(int events, int longest)
    {
        var spin = new WaitSpin(_clock);

        spin.Note(TimeSpan.FromMicroseconds(longest), events);
        Assert.True(spin.IsWorthIt);

        spin.Note(TimeSpan.FromMicroseconds(longest + 4), events);
        Assert.False(spin.IsWorthIt);
    }

    [Fact]
    public void GoesOn_ForLongerThanASleepCosts_Ends()
    {
        var spin = new WaitSpin(_clock);
        var began = _clock.GetTimestamp();
        var now = began;

        _clock.Advance(TimeSpan.FromMicroseconds(50));
        Assert.True(spin.GoesOn(began, ref now));
        _clock.Advance(TimeSpan.FromMicroseconds(1));
        Assert.False(spin.GoesOn(began, ref now));
    }

    [Fact]
    public void GoesOn_TheClockStandsStill_Ends()
    {
        var spin = new WaitSpin(_clock);
        var began = _clock.GetTimestamp();
        var now = began;

        Assert.False(spin.GoesOn(began, ref now));
        Assert.Equal(began, now);
    }
}
