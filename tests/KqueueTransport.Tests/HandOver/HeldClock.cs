namespace KqueueTransport.Tests.HandOver;

/// <summary>A clock whose longer timers fire when a test says so.</summary>
internal sealed class HeldClock : TimeProvider
{
    private static readonly TimeSpan s_heldFrom = TimeSpan.FromSeconds(1);
    private readonly HashSet<HeldTimer> _timers = []; // Under its lock.

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < s_heldFrom)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        var timer = new HeldTimer(this, () => callback(state), dueTime);
        lock (_timers)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    public bool IsWaitedFor(int seconds)
    {
        lock (_timers)
        {
            return _timers.Any(timer => timer.DueTime.TotalSeconds == seconds);
        }
    }

    /// <summary>So much time is over for those that wait for it; false where nobody does.</summary>
    public bool TryFire(int seconds)
    {
        HeldTimer[] due;
        lock (_timers)
        {
            due = [.. _timers.Where(timer => timer.DueTime.TotalSeconds == seconds)];
        }

        Array.ForEach(due, timer => timer.Fire());
        return due.Length > 0;
    }

    private sealed class HeldTimer(HeldClock clock, Action fire, TimeSpan dueTime) : ITimer
    {
        public TimeSpan DueTime => dueTime;

        public Action Fire => fire;

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException();

        public void Dispose()
        {
            lock (clock._timers)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
