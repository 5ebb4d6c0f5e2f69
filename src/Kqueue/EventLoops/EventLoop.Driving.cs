using System.Runtime.CompilerServices;
using Kqueue.EventLoops.Driving;

namespace Kqueue.EventLoops;

// What the driver does. Everything here runs on the thread that drives the loop, or that drove it a moment ago.
public sealed partial class EventLoop
{
    // How long entries of the turn's list run before what they have put off does: sends that are done together take
    // less of the processor's time.
    private static readonly TimeSpan s_batchMax = TimeSpan.FromMicroseconds(200);

    /// <summary>Drives the loop until it stops or is taken from this thread.</summary>
    internal void Drive(LoopDriver driver)
    {
        var outer = LoopDriver.Current;
        LoopDriver.Current = driver;
        try
        {
            driver.Begin();
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

        // Asked of the loop, not of the copy: a driver that is back from a handler and has lost the loop must not say
        // that it runs something else, or the handler would not be told.
        while (driver.IsDriving)
        {
            if (word.IsInWait)
            {
                // Nobody takes a loop over while it is in the wait: from here to the next turn it is this thread's.
                if (HasEnded)
                {
                    End();
                    return;
                }

                WaitForEvents(driver, ref word);
            }
            else if (IsOwedDue(word))
            {
                RunOwed(driver, ref word);
            }
            else if (word.Event < _workCount)
            {
                RunWork(driver, ref word);
            }
            else if (HasEntry(word))
            {
                RunEvent(driver, ref word);
            }
            else
            {
                TryAdvance(ref word, word.EnterWait());
            }
        }

        OnGone(driver);
    }

    private bool HasEnded => _state == LoopState.Stopping && _posted.IsEmpty && _owed.IsEmpty;

    private bool HasEntry(ClaimWord word) => word.Event < _workCount + _eventCount;

    // After some time, or all of the list. Who finds the time up may have lost the loop: then the
    // claim fails.
    private bool IsOwedDue(ClaimWord word) =>
        !_owed.IsEmpty && word.Work < ClaimWord.WorkMax &&
        (!HasEntry(word) || _clock.GetElapsedTime(_batchStartedAt) > s_batchMax);

    private void RunOwed(LoopDriver driver, ref ClaimWord word)
    {
        if (!TryAdvance(ref word, word.ClaimWork()))
        {
            return;
        }

        if (_owed.TryDequeue(out var work))
        {
            driver.Running = work;
            Execute(driver, work!);
        }

        // Behind the last entry nobody asks for it before the next turn.
        if (_owed.IsEmpty && HasEntry(word))
        {
            _batchStartedAt = _clock.GetTimestamp();
        }
    }

    private void RunEvent(LoopDriver driver, ref ClaimWord word)
    {
        // Who has lost the loop may read a list that is being filled: its claim fails. When the claim succeeds, the
        // turn is still the same, and so the copy was whole.
        var index = word.Event - _workCount;
        var kevent = (uint)index < (uint)_events.Length ? _events[index] : default;

        // Nobody is found for a stale event.
        var registration = _registrations.Find(kevent.UserData);
        if (TryClaim(driver, registration, ref word) && registration is not null)
        {
            Dispatch(driver, registration, kevent);
        }
    }

    private void Dispatch(LoopDriver driver, Registration registration, in KEvent kevent)
    {
        if (!_leftBehind.IsEmpty && _leftBehind.TryHold(registration, kevent))
        {
            driver.Running = null;
            return;
        }

        try
        {
            registration.Handler.OnEvent(kevent);
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            Tell(exception);
        }

        driver.Leave();
    }

    private void RunWork(LoopDriver driver, ref ClaimWord word)
    {
        // Copied before the claim, as events are.
        var work = word.Event < _work.Length ? _work[word.Event] : null;
        var held = work as HeldEvent;
        var registration = held is null ? null : _registrations.Find(held.KEvent.UserData);
        if (!TryClaim(driver, held is null ? work : registration, ref word))
        {
            return;
        }

        if (held is null)
        {
            Execute(driver, work!);
        }
        else if (registration is not null)
        {
            Dispatch(driver, registration, held.KEvent);
        }
    }

    /// <summary>Claims an entry of the list, and says before what it runs: null where nobody is found for it.</summary>
    private bool TryClaim(LoopDriver driver, object? running, ref ClaimWord word)
    {
        driver.Running = running;
        var delay = DelayTo(word);
        if (!TryAdvance(ref word, word.ClaimEvent()))
        {
            driver.Running = null;
            return false;
        }

        if (running is not null)
        {
            TellDelay(delay);
        }

        return true;
    }

    private void Execute(LoopDriver driver, IThreadPoolWorkItem work)
    {
        try
        {
            work.Execute();
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            Tell(exception);
        }

        driver.Leave();
    }

    // Whoever is told may have no memory to say it with. The loop goes on.
    private void Tell(Exception exception)
    {
        try
        {
            _unhandledException!(exception);
        }
        catch (OutOfMemoryException)
        {
        }
    }

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
