using Kqueue.EventLoops.Driving;

namespace Kqueue.EventLoops;

// How a turn begins: the wait, and the list of what there is to do when it is over. Until the turn has begun, the loop
// is the waiting thread's alone.
public sealed partial class EventLoop
{
    private WaitSpin _spin;

    private void WaitForEvents(LoopDriver driver, ref ClaimWord word)
    {
        // Not after the claim: by then this thread may have lost the loop, and the entry may be the next turn's.
        Array.Clear(_work, 0, _workCount);
        _workCount = 0;
        var (began, since) = (_clock.GetTimestamp(), _now);
        if (_now != 0)
        {
            Volatile.Write(ref _handlerTicks, _handlerTicks + began - _now);
        }

        Volatile.Write(ref _waits, _waits + 1);
        var result = TakeEvents(began, ref since, out var hasSlept);
        _now = _clock.GetTimestamp();
        _posted.GiveBackWake();
        if (result.IsError)
        {
            KernelQueueException.Throw("kevent", result.Error, BackendName);
        }

        // Nobody waits for the wake, whose user data is 0. It comes last, or it is an entry that nobody is found for.
        var isWakeLast = result.Value > 0 && _events[result.Value - 1].UserData == 0;
        _eventCount = result.Value - (isWakeLast ? 1 : 0);
        Volatile.Write(ref _eventsTaken, _eventsTaken + result.Value);
        TakeWork();
        BeginDelay(hasSlept || since == 0 ? _now : since);
        _batchStartedAt = _now;
        var wait = _clock.GetElapsedTime(began, _now);
        _spin.Note(wait, _eventCount);
        driver.NoteWait(wait, asked: hasSlept ? _clock.GetElapsedTime(began, since) : wait);
        TryAdvance(ref word, word.BeginTurn());
        Watch?.OnActive();
    }

    /// <summary>
    /// Asks first and sleeps only where there is nothing, so that it is known whether the thread has slept.
    /// </summary>
    /// <param name="began">The present.</param>
    /// <param name="since">When the kernel was asked last before what is returned, or before the sleep.</param>
    /// <param name="hasSlept">Whether what is returned ended a sleep.</param>
    private KernelResult TakeEvents(long began, ref long since, out bool hasSlept)
    {
        hasSlept = false;
        var now = began;

        // Work that is there, or a timer that is due, waits for nobody's slice of time.
        var spins = _spin.IsWorthIt && TimeoutNs(now) != 0;
        while (true)
        {
            if (spins)
            {
                Thread.Yield();
            }

            var result = _queue.TryKevent([], _events, timeoutNs: 0);
            if (result.IsError || result.Value > 0 || TimeoutNs(now) == 0)
            {
                return result;
            }

            if (!spins || !_spin.GoesOn(began, ref now))
            {
                (hasSlept, since) = (true, now);
                return _queue.TryKevent([], _events, TimeoutNs(now));
            }

            since = now;
        }
    }

    private long TimeoutNs(long now)
    {
        var mustNotWait = !_posted.IsEmpty || !_owed.IsEmpty || _state == LoopState.Stopping;
        return mustNotWait ? 0 : _timers.NanosecondsToEarliest(now);
    }

    // Timers and posts become entries of the turn's list, before the events: claimed like these, in their order, each
    // by one driver. Half of the room is kept for posts, whatever is due; work that posts work cannot keep events
    // waiting.
    private void TakeWork()
    {
        while (_workCount < _work.Length / 2 && _timers.IsDue(_now) && _timers.TakeDue(_now) is { } timer)
        {
            _work[_workCount++] = timer;
        }

        while (_workCount < _work.Length && _posted.TryDequeue(out var work))
        {
            _work[_workCount++] = work;
        }
    }
}
