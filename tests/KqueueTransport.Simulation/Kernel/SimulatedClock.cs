using KqueueTransport.Simulation.Actors;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>Time that passes when the simulation says so, and its timers, which an actor fires.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private readonly List<Timer> _timers = [];

    public TimeSpan Now { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer is due.</summary>
    public TimeSpan NextTimer => _timers.Count == 0 ? TimeSpan.MaxValue : _timers.Min(timer => timer.DueAt);

    public bool HasDueTimer => NextTimer <= Now;

    public int TimerCount => _timers.Count;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void PassTo(TimeSpan time)
    {
        if (time > Now)
        {
            Now = time;
        }
    }

    /// <summary>Fires one of the timers that are due: the system keeps no order between them.</summary>
    public void FireOne(Random random)
    {
        var due = _timers.FindAll(timer => timer.DueAt <= Now);
        due[random.Next(due.Count)].Fire();
    }

    private sealed class Timer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan DueAt { get; private set; }

        public void Fire()
        {
            clock._timers.Remove(this);

            // Whoever disposes of a source waits for its callbacks in earnest, so nobody may run meanwhile.
            if (state is CancellationTokenSource)
            {
                Scheduler.Undisturbed(() => callback(state));
            }
            else
            {
                callback(state);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock._timers.Remove(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                DueAt = clock.Now + dueTime;
                clock._timers.Add(this);
            }

            return true;
        }

        public void Dispose() => clock._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
