using Kqueue.EventLoops;
using Kqueue.EventLoops.Work;

namespace Kqueue.Tests.EventLoops;

/// <summary>The heap of timers, against a sorted list.</summary>
public sealed class TimerQueueTests
{
    // Only what a timer calls when it is changed or disposed, which none is here.
    private static readonly EventLoop s_loop = new();

    private readonly ManualClock _clock = new();
    private readonly TimerQueue _queue;

    public TimerQueueTests() => _queue = new TimerQueue(_clock);

    [Fact]
    public void NanosecondsToEarliest_NoTimer_IsForEver()
    {
        Assert.Equal(KernelQueue.InfiniteTimeout, _queue.NanosecondsToEarliest(_clock.GetTimestamp()));
        Assert.False(_queue.IsDue(_clock.GetTimestamp()));
        Assert.Null(_queue.TakeDue(_clock.GetTimestamp()));
    }

    [Fact]
    public void NanosecondsToEarliest_SeveralTimers_IsTheTimeToTheFirst()
    {
        Assert.True(Add(2));
        Assert.True(Add(1));
        Assert.False(Add(3));

        Assert.Equal(1_000_000_000, _queue.NanosecondsToEarliest(_clock.GetTimestamp()));
    }

    [Fact]
    public void NanosecondsToEarliest_TimerIsOverdue_IsZero()
    {
        Add(1);
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(0, _queue.NanosecondsToEarliest(_clock.GetTimestamp()));
        Assert.True(_queue.IsDue(_clock.GetTimestamp()));
    }

    [Fact]
    public void Add_FurtherThanTheClockGoes_IsNotDue()
    {
        _queue.Set(Make(), TimeSpan.MaxValue, TimeSpan.Zero);

        Assert.False(_queue.IsDue(_clock.GetTimestamp()));
        Assert.Null(_queue.TakeDue(_clock.GetTimestamp()));
    }

    [Fact]
    public void Remove_TheEarliest_TheNextIsEarliest()
    {
        var first = Make();
        _queue.Set(first, TimeSpan.FromSeconds(1), TimeSpan.Zero);
        Add(2);

        _queue.Set(first, Timeout.InfiniteTimeSpan, TimeSpan.Zero);
        _queue.Set(first, Timeout.InfiniteTimeSpan, TimeSpan.Zero);

        Assert.Equal(2_000_000_000, _queue.NanosecondsToEarliest(_clock.GetTimestamp()));
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
                expected.Add(Make());
                _queue.Set(expected[^1], TimeSpan.FromTicks(random.Next(1_000)), TimeSpan.Zero);
            }
            else if (random.Next(2) == 0)
            {
                var removed = expected[random.Next(expected.Count)];
                _queue.Set(removed, Timeout.InfiniteTimeSpan, TimeSpan.Zero);
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
            var taken = _queue.TakeDue(_clock.GetTimestamp());
            Assert.Equal(deadline, taken?.Deadline);
            Assert.True(expected.Remove(taken!), "It was taken before or called off.");
        }

        Assert.Null(_queue.TakeDue(_clock.GetTimestamp()));
    }

    [Fact]
    public void TakeDue_Periodic_IsDueAgainAndLeavesOutWhatIsTooLate()
    {
        var timer = Make();
        _queue.Set(timer, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(timer, _queue.TakeDue(_clock.GetTimestamp()));
        Assert.Equal(2_000_000_000, _queue.NanosecondsToEarliest(_clock.GetTimestamp()));

        _clock.Advance(TimeSpan.FromSeconds(100));

        Assert.Same(timer, _queue.TakeDue(_clock.GetTimestamp()));
        Assert.Null(_queue.TakeDue(_clock.GetTimestamp()));
    }

    [Fact]
    public void TakeDue_PeriodIsForEver_IsDueOnce()
    {
        var timer = Make();
        _queue.Set(timer, TimeSpan.Zero, TimeSpan.MaxValue);

        Assert.Same(timer, _queue.TakeDue(_clock.GetTimestamp()));
        Assert.Null(_queue.TakeDue(_clock.GetTimestamp()));
    }

    private static LoopTimer Make() => new(s_loop, _ => { }, null);

    private bool Add(int seconds) => _queue.Set(Make(), TimeSpan.FromSeconds(seconds), TimeSpan.Zero);
}
