using FileSwarm.Retrying;

namespace Samples.Tests.Swarm;

public sealed class RetriesTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public void TryNextDue_Unanswered_ComesAgainAfterTwiceAsLongUpToAMaximum()
    {
        var retries = new Retries<int>(_clock);
        retries.Add(7);
        var waits = Enumerable.Range(0, 6).Select(_ => MillisecondsUntilDue(retries, 7)).ToArray();

        Assert.Equal([500, 1000, 2000, 2000, 2000, 2000], waits);
    }

    [Fact]
    public void TryTake_Answered_TellsTimeAndAttemptsOnce()
    {
        var retries = new Retries<string>(_clock);
        retries.Add("a question");
        _clock.Advance(TimeSpan.FromMilliseconds(600));
        Assert.True(retries.TryNextDue(out _, out var attempts));
        _clock.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(retries.TryTake("a question", out var answered));

        Assert.Equal((2, 2, 700.0), (attempts, answered.Attempts, answered.RoundTrip.TotalMilliseconds));
        Assert.False(retries.TryTake("a question", out _));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(retries.TryNextDue(out _, out _));
    }

    [Fact]
    public void Timeout_AfterQuickAnswers_IsShortButNotBelowTheMinimum()
    {
        var retries = new Retries<int>(_clock);
        for (var i = 0; i < 50; i++)
        {
            retries.Add(i);
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            Assert.True(retries.TryTake(i, out _));
        }

        retries.Add(-1);

        Assert.Equal(RoundTripEstimate.Min.TotalMilliseconds, MillisecondsUntilDue(retries, -1));
    }

    [Fact]
    public void Timeout_AfterAnswersToRepeatedQuestions_StaysAsItWas()
    {
        var retries = new Retries<int>(_clock);
        retries.Add(1);
        Assert.Equal(500, MillisecondsUntilDue(retries, 1));
        Assert.True(retries.TryTake(1, out _)); // Whether it answers the first or the second, nobody knows.

        retries.Add(2);

        Assert.Equal(500, MillisecondsUntilDue(retries, 2));
    }

    private int MillisecondsUntilDue(Retries<int> retries, int key)
    {
        for (var waited = 0; ; waited++)
        {
            if (retries.TryNextDue(out var due, out _))
            {
                Assert.Equal(key, due);
                return waited;
            }

            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }
    }
}
