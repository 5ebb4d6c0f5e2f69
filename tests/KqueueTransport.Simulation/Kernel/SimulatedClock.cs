namespace KqueueTransport.Simulation.Kernel;

/// <summary>Time that passes when the simulation says so.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    public TimeSpan Now { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;

    /// <summary>A delay that a thread would wait for in earnest is over at once.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        callback(state);
        return new NoTimer();
    }

    public void PassTo(TimeSpan time)
    {
        if (time > Now)
        {
            Now = time;
        }
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
