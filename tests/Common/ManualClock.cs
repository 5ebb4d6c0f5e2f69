namespace Common;

/// <summary>A clock that a test moves, in ticks of 100 ns.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _now = 1_000_000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Whether timers stay where they are, instead of following the time outside.</summary>
    public bool HoldsTimers { get; set; }

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, HoldsTimers ? Timeout.InfiniteTimeSpan : dueTime, period);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
}
