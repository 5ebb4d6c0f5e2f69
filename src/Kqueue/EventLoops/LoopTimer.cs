namespace Kqueue.EventLoops;

/// <summary>
/// A callback that an <see cref="EventLoop"/> makes at a deadline, once or again and again. Any thread may call it.
/// </summary>
public sealed class LoopTimer : IDisposable, IThreadPoolWorkItem, IDeadline
{
    private readonly EventLoop _loop;
    private readonly Action<object?> _callback;
    private readonly object? _state;
    private volatile bool _isDisposed;

    internal LoopTimer(EventLoop loop, Action<object?> callback, object? state)
    {
        _loop = loop;
        _callback = callback;
        _state = state;
    }

    /// <inheritdoc/>
    long IDeadline.Deadline => Deadline;

    /// <inheritdoc/>
    int IDeadline.HeapIndex { get; set; } = -1;

    /// <summary>In ticks of the loop's clock. Under the queue's lock.</summary>
    internal long Deadline { get; set; }

    /// <summary>In ticks of the loop's clock; 0 is once. Under the queue's lock.</summary>
    internal long Period { get; set; }

    /// <summary>What goes on with the timer when its loop has ended. Under the queue's lock.</summary>
    internal ITimer? Successor { get; set; }

    internal bool IsDisposed => _isDisposed;

    /// <summary>Sets the timer anew. A call that its loop has just taken is still made.</summary>
    /// <param name="dueTime">
    /// From now; zero is as soon as the loop comes to it, <see cref="Timeout.InfiniteTimeSpan"/> never.
    /// </param>
    /// <param name="period">
    /// From each deadline to the next; zero and <see cref="Timeout.InfiniteTimeSpan"/> are once.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    public void Change(TimeSpan dueTime, TimeSpan period) => _loop.SetTimer(this, dueTime, period);

    /// <summary>Calls the timer off. On its loop's thread: it does not fire any more.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _loop.SetTimer(this, Timeout.InfiniteTimeSpan, TimeSpan.Zero);
    }

    /// <summary>The time has come. Called by the loop.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (!_isDisposed)
        {
            _callback(_state);
        }
    }
}
