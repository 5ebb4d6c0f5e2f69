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

        spin.Note(TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 4; i++)
        {
            spin.Note(TimeSpan.Zero);
            Assert.False(spin.IsWorthIt);
        }

        spin.Note(TimeSpan.Zero);
        Assert.True(spin.IsWorthIt);
    }

    [Fact]
    public void Note_WaitsOfASleepsCost_AreWorthIt()
    {
        var spin = new WaitSpin(_clock);
        for (var i = 0; i < 20; i++)
        {
            spin.Note(TimeSpan.FromMicroseconds(50));
            Assert.True(spin.IsWorthIt);
        }

        spin.Note(TimeSpan.FromMicroseconds(51));
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
