using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Kqueue.EventLoops;

// What the driver does. Everything here runs on the thread that drives the loop, or that drove it a moment ago.
public sealed partial class EventLoop
{
    // Posted work that one turn runs at most before the kernel is asked again, so that work which posts work cannot
    // keep events waiting.
    private const int WorkPerTurn = 1024;

    // How long work stays put off while there are handlers to run: they take some microseconds each, as a rule.
    private static readonly TimeSpan s_deferralMax = TimeSpan.FromMicroseconds(200);

    /// <summary>
    /// Drives the loop until it stops or is taken from this thread: events first, then due timers and posted work,
    /// then what all of these have put off, then the next wait. Handlers and work are claimed before they are run.
    /// </summary>
    internal void Drive(LoopDriver driver)
    {
        var outer = LoopDriver.Current;
        LoopDriver.Current = driver;
        try
        {
            DriveOn(driver);
        }
        finally
        {
            LoopDriver.Current = outer;
        }
    }

    private void DriveOn(LoopDriver driver)
    {
        var word = Word;
        while (word.Epoch == driver.Epoch)
        {
            if (word.IsInWait)
            {
                // Nobody takes a loop over while it is in the wait: from here to the next turn it is this thread's.
                if (HasEnded)
                {
                    End();
                    return;
                }

                WaitForEvents(ref word);
            }
            else if (word.Cursor < _eventCount)
            {
                var kevent = _events[word.Cursor];
                if (TryClaim(ref word))
                {
                    Dispatch(driver, kevent);
                }
            }
            else if (HasWork(word))
            {
                if (TryClaim(ref word))
                {
                    RunWork(driver, isTimersTurn: word.Cursor % 2 == 0);
                }
            }
            else if (driver.HasDeferred)
            {
                RunDeferred(driver);
            }
            else
            {
                TryAdvance(ref word, word.EnterWait());
            }
        }

        RunDeferredOf(driver);
        CountLeftBehind(driver);
    }

    private void CountLeftBehind(LoopDriver driver)
    {
        var ticks = Stopwatch.GetTimestamp() - driver.LeftBehindAt;
        Interlocked.Add(ref _leftBehindTicks, ticks);
        EventLoopEventSource.Log.HandOverStop(
            Name, driver.Epoch, (int)Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds);
    }

    private bool HasEnded => Volatile.Read(ref _state) == (int)LoopState.Stopping && _work.IsEmpty;

    private void WaitForEvents(ref ClaimWord word)
    {
        EndTurn();
        var result = TakeEvents();
        _turnStart = _clock.GetTimestamp();
        _driver.RanDeferredAt = _turnStart;
        _work.OnAwake();
        if (result.IsError)
        {
            KernelQueueException.Throw("kevent", result.Error, BackendName);
        }

        _eventCount = result.Value;
        Volatile.Write(ref _eventsTaken, _eventsTaken + result.Value);
        TryAdvance(ref word, word.BeginTurn());
        Watch?.OnActive();
    }

    /// <summary>Waits for events; after a turn that had some, it may ask without waiting first.</summary>
    private KernelResult TakeEvents()
    {
        _spin.OnWaitBegins(_eventCount);
        if (_eventCount == 0 || !TryTakeAtOnce(out var result))
        {
            // Asked for again: the other threads may have taken a slice of the time until the next timer.
            result = _queue.TryKevent([], _events, TimeoutNs());
        }

        _spin.OnWaitEnds();
        return result;
    }

    private bool TryTakeAtOnce(out KernelResult result)
    {
        result = default;
        if (TimeoutNs() != 0 && _yield.MustYield())
        {
            _yield.Yield();
            result = _queue.TryKevent([], _events, timeoutNs: 0);
            _yield.OnAsked(result.IsError ? 0 : result.Value);
        }

        while (!HasAnswer(result) && TimeoutNs() != 0 && _spin.MustAsk())
        {
            Thread.Yield();
            result = _queue.TryKevent([], _events, timeoutNs: 0);
        }

        return HasAnswer(result);
    }

    private static bool HasAnswer(KernelResult result) => result.IsError || result.Value > 0;

    private long TimeoutNs()
    {
        var mustNotWait = !_work.IsEmpty || Volatile.Read(ref _state) == (int)LoopState.Stopping;
        return mustNotWait ? 0 : _timers.NanosecondsToEarliest();
    }

    private void EndTurn()
    {
        if (_turnStart != 0)
        {
            Volatile.Write(ref _handlerTicks, _handlerTicks + _clock.GetTimestamp() - _turnStart);
        }

        Volatile.Write(ref _waits, _waits + 1);
    }

    private bool HasWork(ClaimWord word) =>
        word.Cursor < _eventCount + WorkPerTurn && (!_work.IsEmpty || _timers.IsDue);

    private void Dispatch(LoopDriver driver, in KEvent kevent)
    {
        // Nobody is found for a stale event, nor for the wake, whose user data is 0.
        var registration = _registrations.Find(kevent.UserData);
        if (registration is null)
        {
            return;
        }

        driver.Running = registration.Handler;
        try
        {
            registration.Handler.OnEvent(kevent);
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            _unhandledException(exception);
        }

        Leave(driver);
    }

    // Timers and work take turns, so that neither a timer that starts itself again at once nor work that posts work
    // keeps the other waiting.
    private void RunWork(LoopDriver driver, bool isTimersTurn)
    {
        try
        {
            _ = isTimersTurn
                ? TryRunTimer(driver) || TryRunPosted(driver)
                : TryRunPosted(driver) || TryRunTimer(driver);
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            _unhandledException(exception);
        }

        Leave(driver);
    }

    private bool TryRunTimer(LoopDriver driver)
    {
        if (!_timers.IsDue || _timers.TakeDue() is not { } timer)
        {
            return false;
        }

        driver.Running = timer;
        timer.Fire();
        return true;
    }

    private bool TryRunPosted(LoopDriver driver)
    {
        if (!_work.TryDequeue(out var work))
        {
            return false;
        }

        driver.Running = work;
        work.Execute();
        return true;
    }

    private void Leave(LoopDriver driver)
    {
        driver.Running = null;
        if (driver.HasDeferred && (!IsWatched || driver.IsFullOfDeferred || IsDeferralOver(driver)))
        {
            RunDeferred(driver);
        }
    }

    private bool IsDeferralOver(LoopDriver driver) => _clock.GetElapsedTime(driver.RanDeferredAt) > s_deferralMax;

    private void RunDeferred(LoopDriver driver)
    {
        for (var place = 0; place < DeferredWork.Capacity; place++)
        {
            if (driver.TakeDeferred(place) is { } work)
            {
                driver.Running = work;
                Execute(work);
            }
        }

        driver.Running = null;
        driver.RanDeferredAt = _clock.GetTimestamp();
    }

    private bool TryClaim(ref ClaimWord word) => TryAdvance(ref word, word.NextClaim());

    /// <summary>Swaps the word forward; on failure <paramref name="word"/> is what stands there instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAdvance(ref ClaimWord word, ClaimWord next)
    {
        var present = Interlocked.CompareExchange(ref _word, next.Value, word.Value);
        var swapped = present == word.Value;
        word = swapped ? next : new ClaimWord(present);
        return swapped;
    }
}
