namespace Kqueue.EventLoops;

/// <summary>
/// A callback that an <see cref="EventLoop"/> makes once, at its deadline. Dispose it to call it off.
/// </summary>
public sealed class LoopTimer : IDisposable
{
    private readonly TimerQueue _queue;
    private readonly Action<object?> _callback;
    private readonly object? _state;

    internal LoopTimer(TimerQueue queue, long deadline, Action<object?> callback, object? state)
    {
        _queue = queue;
        Deadline = deadline;
        _callback = callback;
        _state = state;
    }

    /// <summary>In ticks of the loop's clock.</summary>
    internal long Deadline { get; }

    /// <summary>The timer's place in the queue's heap, or -1. Under the queue's lock.</summary>
    internal int HeapIndex { get; set; } = -1;

    /// <summary>Calls the timer off. It may still fire when its loop has just taken it.</summary>
    public void Dispose() => _queue.Remove(this);

    internal void Fire() => _callback(_state);
}
