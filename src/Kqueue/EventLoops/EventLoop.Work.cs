using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Work;

namespace Kqueue.EventLoops;

// What runs on the loop besides events: work that anybody posts, work that its handlers put off, and timers.
public sealed partial class EventLoop
{
    private readonly TimerQueue _timers;

    // What any thread posts; the driver takes it into the list of the turn.
    private readonly WorkQueue _posted = new();

    // What the loop owes: work that its handlers have put off. Any driver adds, also one that is just losing the loop;
    // whoever drives claims.
    private readonly WorkQueue _owed = new();

    /// <summary>
    /// Runs work on the loop, begun in the order of posting and never inside this call. On a loop that has stopped it
    /// runs on the thread pool, so that work is never lost. The caller's execution context does not flow.
    /// </summary>
    /// <param name="work">What to run. The same object may be posted again.</param>
    public void Post(IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _posted.Enqueue(work);
        OnAdded();
    }

    /// <summary>Runs a callback on the loop, as <see cref="Post(IThreadPoolWorkItem)"/> does.</summary>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    public void Post(Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Post(new CallbackWork(callback, state));
    }

    /// <summary>Calls back once on the loop after a time.</summary>
    /// <param name="dueTime">
    /// From now; zero is as soon as the loop comes to it, <see cref="Timeout.InfiniteTimeSpan"/> never.
    /// </param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    /// <returns>The timer; dispose it to call it off.</returns>
    /// <remarks>When the loop has ended, its timers fire on the thread pool.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public LoopTimer Schedule(TimeSpan dueTime, Action<object?> callback, object? state) =>
        Schedule(dueTime, TimeSpan.Zero, callback, state);

    /// <summary>Calls back on the loop after a time, and then again and again.</summary>
    /// <param name="dueTime">The first time, from now.</param>
    /// <param name="period">
    /// From each deadline to the next. Those that the loop comes too late for are left out.
    /// </param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    /// <returns>The timer; dispose it to call it off.</returns>
    /// <remarks>In a group, a callback that blocks for longer than the period may run beside itself.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    public LoopTimer Schedule(TimeSpan dueTime, TimeSpan period, Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new LoopTimer(this, callback, state);
        SetTimer(timer, dueTime, period);
        return timer;
    }

    /// <summary>
    /// Goes on with an <see langword="async"/> method on the loop: <c>await loop.SwitchTo();</c>. On the loop itself it
    /// goes on at once.
    /// </summary>
    public LoopAwaitable SwitchTo() => new(this);

    /// <summary>
    /// Puts work off until the handler that the calling thread runs for its loop has returned, and perhaps some of the
    /// next: what several put off is done together. The loop owes it from then on, whoever drives it.
    /// </summary>
    /// <returns>False when the calling thread drives no loop, or has lost it: do the work elsewhere.</returns>
    internal static bool TryDefer(IThreadPoolWorkItem work)
    {
        if (LoopDriver.Current is not { IsDriving: true } driver)
        {
            return false;
        }

        // The driver looks at what the loop owes before it waits. If the loop was taken from it in this very moment,
        // its successor may have looked before.
        driver.Loop._owed.Enqueue(work);
        Interlocked.MemoryBarrier();
        if (!driver.IsDriving)
        {
            driver.Loop.OnAdded();
        }

        return true;
    }

    internal void SetTimer(LoopTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        ThrowIfNegative(dueTime, nameof(dueTime));
        ThrowIfNegative(period, nameof(period));
        var isEarliest = _timers.Set(timer, dueTime, period);
        Interlocked.MemoryBarrier();
        if (isEarliest && Word.IsInWait)
        {
            Wake();
        }
    }

    private static void ThrowIfNegative(TimeSpan time, string name)
    {
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        }
    }

    private void OnAdded()
    {
        // The driver announces the wait and then looks for work; the caller has added work, and this looks for a driver
        // in the wait. With a full fence between the two steps on either side, one of them sees the other.
        Interlocked.MemoryBarrier();
        if (Word.IsInWait)
        {
            Wake();
        }

        if (_state == LoopState.Stopped)
        {
            MoveWorkToThreadPool();
        }
    }

    private void Wake()
    {
        if (_posted.TakeWake() && Submit(KEvent.Trigger(WakeIdent)).IsError)
        {
            _posted.GiveBackWake();
        }
    }

    private void MoveWorkToThreadPool()
    {
        _posted.MoveToThreadPool();
        _owed.MoveToThreadPool();
    }

    // There is a rest where an exception ends the loop.
    private void MoveRestOfTurnToThreadPool()
    {
        var word = Word;
        for (var i = word.IsInWait ? _workCount : word.Event; i < _workCount; i++)
        {
            PoolWork.Queue(_work[i]!);
        }
    }

    private sealed class CallbackWork(Action<object?> callback, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => callback(state);
    }
}
