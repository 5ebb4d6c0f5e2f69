using Kqueue.EventLoops;

namespace Kqueue.Tests.EventLoops;

/// <summary>The heap of timers, against a sorted list.</summary>
public sealed class TimerQueueTests
{
    private readonly ManualClock _clock = new();
    private readonly TimerQueue _queue;

    public TimerQueueTests() => _queue = new TimerQueue(_clock);

    [Fact]
    public void NanosecondsToEarliest_NoTimer_IsForEver()
    {
        Assert.Equal(KernelQueue.InfiniteTimeout, _queue.NanosecondsToEarliest());
        Assert.False(_queue.IsDue);
        Assert.Null(_queue.TakeDue());
    }

    [Fact]
    public void NanosecondsToEarliest_SeveralTimers_IsTheTimeToTheFirst()
    {
        Assert.True(Add(2));
        Assert.True(Add(1));
        Assert.False(Add(3));

        Assert.Equal(1_000_000_000, _queue.NanosecondsToEarliest());
    }

    [Fact]
    public void NanosecondsToEarliest_TimerIsOverdue_IsZero()
    {
        Add(1);
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(0, _queue.NanosecondsToEarliest());
        Assert.True(_queue.IsDue);
    }

    [Fact]
    public void Add_FurtherThanTheClockGoes_IsNotDue()
    {
        _queue.Add(TimeSpan.MaxValue, _ => { }, null, out _);

        Assert.False(_queue.IsDue);
        Assert.Null(_queue.TakeDue());
    }

    [Fact]
    public void Remove_TheEarliest_TheNextIsEarliest()
    {
        var first = _queue.Add(TimeSpan.FromSeconds(1), _ => { }, null, out _);
        Add(2);

        _queue.Remove(first);
        _queue.Remove(first);

        Assert.Equal(2_000_000_000, _queue.NanosecondsToEarliest());
    }

    // Random timers are added, called off and taken; what is taken is what a sorted list says, in its order.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TakeDue_RandomScript_TakesWhatASortedListTakes(int seed)
    {
        var random = new Random(seed);
        var expected = new List<LoopTimer>();
        for (var i = 0; i < 5_000; i++)
        {
            if (expected.Count < 5 || random.Next(3) > 0)
            {
                expected.Add(_queue.Add(TimeSpan.FromTicks(random.Next(1_000)), _ => { }, null, out _));
            }
            else if (random.Next(2) == 0)
            {
                var removed = expected[random.Next(expected.Count)];
                removed.Dispose();
                expected.Remove(removed);
            }
            else
            {
                _clock.Advance(TimeSpan.FromTicks(random.Next(100)));
                TakeAllDue(expected);
            }
        }
    }

    private void TakeAllDue(List<LoopTimer> expected)
    {
        var due = expected.Where(timer => timer.Deadline <= _clock.GetTimestamp()).OrderBy(timer => timer.Deadline);
        foreach (var deadline in due.Select(timer => timer.Deadline).ToArray())
        {
            var taken = _queue.TakeDue();
            Assert.Equal(deadline, taken?.Deadline);
            Assert.True(expected.Remove(taken!), "It was taken before or called off.");
        }

        Assert.Null(_queue.TakeDue());
    }

    private bool Add(int seconds)
    {
        _queue.Add(TimeSpan.FromSeconds(seconds), _ => { }, null, out var isEarliest);
        return isEarliest;
    }
}
