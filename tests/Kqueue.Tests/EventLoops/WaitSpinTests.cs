using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>A driver spins in a conversation, and nowhere else.</summary>
public sealed class WaitSpinTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan s_long = WaitSpin.DurationMax + TimeSpan.FromMicroseconds(1);

    private readonly ManualClock _clock = new();
    private WaitSpin _spin;

    public WaitSpinTests() => _spin = new WaitSpin(_clock, processorCount: 2);

    [Fact]
    public void Spin_EveryWaitWasShort_BeginsAfterSoMany()
    {
        for (var wait = 0; wait < WaitSpin.ShortWaitsNeeded; wait++)
        {
            Assert.False(Wait(s_short));
        }

        Assert.True(Wait(s_short));
        Assert.True(Wait(s_short));
    }

    [Fact]
    public void Spin_OneWaitWasLong_HasToBeEarnedAnew()
    {
        Earn();

        Assert.True(Wait(s_long));

        for (var wait = 0; wait < WaitSpin.ShortWaitsNeeded; wait++)
        {
            Assert.False(Wait(s_short));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Spin_EventsDoNotComeAlone_IsLeftOut(int events)
    {
        Earn();

        Assert.False(Wait(s_short, events));

        Assert.True(Wait(s_short));
    }

    [Fact]
    public void Spin_NothingComes_EndsInTime()
    {
        Earn();
        _spin.OnWaitBegins(1);
        Assert.True(_spin.MustAsk());

        _clock.Advance(s_long);

        Assert.False(_spin.MustAsk());
    }

    [Fact]
    public void Spin_TheClockStandsStill_Ends()
    {
        Earn();
        _spin.OnWaitBegins(1);

        var asks = 0;
        while (_spin.MustAsk())
        {
            asks++;
        }

        Assert.Equal(WaitSpin.AsksMax, asks);
    }

    [Fact]
    public void Spin_ThereIsOneProcessor_IsLeftOut()
    {
        _spin = new WaitSpin(_clock, processorCount: 1);
        Earn();

        Assert.False(Wait(s_short));
    }

    private void Earn()
    {
        for (var wait = 0; wait < WaitSpin.ShortWaitsNeeded; wait++)
        {
            Wait(s_short);
        }
    }

    /// <summary>Goes through a wait; true when it began with a spin.</summary>
    private bool Wait(TimeSpan duration, int events = 1)
    {
        _spin.OnWaitBegins(events);
        var spins = _spin.MustAsk();
        _clock.Advance(duration);
        _spin.OnWaitEnds();
        return spins;
    }
}
