using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

internal sealed partial class ClaimModel
{
    /// <summary>EventLoop.Drive and what it calls.</summary>
    private void StepDriver(in ModelState state, int number)
    {
        var next = state;
        ref var driver = ref next.Drivers[number];
        var step = driver.Step;
        if (step is DriverStep.None or DriverStep.Left or DriverStep.NeverReturns)
        {
            return;
        }

        if (step is DriverStep.Wait && state.Ready == 0 && state.Triggered == 0)
        {
            return;
        }

        if (step <= DriverStep.ClaimEvent)
        {
            StepDispatch(ref next, ref driver, number);
        }
        else if (step <= DriverStep.Flush)
        {
            StepHandler(ref next, ref driver, number);
        }
        else if (step <= DriverStep.EnterWait)
        {
            StepWork(ref next, ref driver);
        }
        else if (step <= DriverStep.BeginTurn)
        {
            StepWait(ref next, ref driver, number);
        }
        else
        {
            StepAfterWait(ref next, ref driver);
        }

        Forget(ref driver);
        _successors.Add(next);
    }

    // What a driver will not look at again makes no two states of one.
    private static void Forget(ref ModelDriver driver)
    {
        if (driver.Step == DriverStep.Left)
        {
            driver = new ModelDriver { Step = DriverStep.Left };
        }
        else if (driver.Step is DriverStep.Choose or DriverStep.TakeDeferred)
        {
            driver.Copy = 0;
        }
        else if (driver.Step == DriverStep.NeverReturns)
        {
            driver.Word = default;
        }
    }

    private void StepDispatch(ref ModelState next, ref ModelDriver driver, int number)
    {
        switch (driver.Step)
        {
            case DriverStep.ReadWord:
                driver.Word = next.Word;
                driver.Step = DriverStep.Choose;
                break;
            case DriverStep.Choose:
                driver.Step = Choose(next, driver, number);
                break;
            case DriverStep.CopyEvent:
                var claimed = scenario.Flaw == Flaw.ReadsAfterTheClaim ? 1 : 0;
                driver.Copy = next.Events[driver.Word.Unpack().Cursor - claimed];
                driver.Step = claimed == 1 ? DriverStep.EnterHandler : DriverStep.ClaimEvent;
                break;
            default:
                var isClaimed = Swap(ref next, ref driver.Word, driver.Word.Unpack().NextClaim());
                driver.Step = !isClaimed ? DriverStep.Choose
                    : scenario.Flaw == Flaw.ReadsAfterTheClaim ? DriverStep.CopyEvent
                    : DriverStep.EnterHandler;
                break;
        }
    }

    private DriverStep Choose(in ModelState state, in ModelDriver driver, int number)
    {
        var word = driver.Word.Unpack();
        if (word.Epoch != number && scenario.Flaw != Flaw.IgnoresTheEpoch)
        {
            return driver.Deferred == 0 ? DriverStep.Left : DriverStep.TakeDeferred;
        }

        if (word.IsInWait)
        {
            return scenario.Stops ? DriverStep.LookWhetherStopping : DriverStep.LookForWorkAgain;
        }

        return word.Cursor >= state.EventCount ? DriverStep.LookForWork
            : scenario.Flaw == Flaw.ReadsAfterTheClaim ? DriverStep.ClaimEvent
            : DriverStep.CopyEvent;
    }

    private void StepHandler(ref ModelState next, ref ModelDriver driver, int number)
    {
        switch (driver.Step)
        {
            case DriverStep.EnterHandler:
                EnterHandler(ref next, ref driver);
                break;
            case DriverStep.Defer:
                driver.Deferred |= Bit(driver.Copy);
                driver.Step = scenario.Flaw == Flaw.DefersWithoutLookingAtTheEpoch
                    ? DriverStep.InHandler
                    : DriverStep.LookAtEpoch;
                break;
            case DriverStep.LookAtEpoch:
                var isDriving = next.Word.Unpack().Epoch == number;
                driver.Step = isDriving ? DriverStep.InHandler : DriverStep.FlushAtOnce;
                break;
            case DriverStep.FlushAtOnce:
                next.Unflushed &= (byte)~Bit(driver.Copy);
                driver.Step = DriverStep.InHandler;
                break;
            case DriverStep.InHandler:
                if (scenario.Blocks)
                {
                    AddBlocked(next, number);
                }

                Leave(ref next, ref driver, number);
                break;
            case DriverStep.TakeDeferred:
                driver.Step = driver.Deferred == 0 ? DriverStep.Choose : DriverStep.Flush;
                driver.Taken = TakeDeferred(ref driver);
                break;
            default:
                next.Unflushed &= (byte)~driver.Taken;
                driver.Taken = 0;
                driver.Step = DriverStep.TakeDeferred;
                break;
        }
    }

    // When a driver runs what is put off, before the wait at the latest, is no part of the protocol: it may do so after
    // any handler.
    private void Leave(ref ModelState next, ref ModelDriver driver, int number)
    {
        driver.Step = DriverStep.Choose;
        if (driver.Deferred == 0)
        {
            return;
        }

        var waiting = next;
        Forget(ref waiting.Drivers[number]);
        _successors.Add(waiting);
        driver.Step = DriverStep.TakeDeferred;
    }

    /// <summary>Takes the first piece of what is put off; 0 where there is none.</summary>
    private static byte TakeDeferred(ref ModelDriver driver)
    {
        var first = (byte)(driver.Deferred & -driver.Deferred);
        driver.Deferred ^= first;
        return first;
    }

    private void AddBlocked(ModelState blocked, int number)
    {
        ref var driver = ref blocked.Drivers[number];
        driver.Step = DriverStep.NeverReturns;
        Forget(ref driver);
        _successors.Add(blocked);
    }

    private void EnterHandler(ref ModelState next, ref ModelDriver driver)
    {
        if (driver.Copy == WakeEvent)
        {
            driver.Copy = 0;
            driver.Step = DriverStep.Choose;
            return;
        }

        Require((next.Dispatched & Bit(driver.Copy)) == 0, "An event was dispatched twice.");
        next.Dispatched |= Bit(driver.Copy);
        next.Unflushed |= scenario.Defers ? Bit(driver.Copy) : (byte)0;
        driver.Step = scenario.Defers ? DriverStep.Defer : DriverStep.InHandler;
    }

    private void StepWork(ref ModelState next, ref ModelDriver driver)
    {
        switch (driver.Step)
        {
            case DriverStep.LookForWork:
                var mayRunMore = driver.Word.Unpack().Cursor < next.EventCount + WorkPerTurn;
                driver.Step = mayRunMore && next.Queued != 0 ? DriverStep.ClaimWork
                    : driver.Deferred != 0 && scenario.Flaw != Flaw.WaitsWithDeferredWork ? DriverStep.TakeDeferred
                    : DriverStep.EnterWait;
                break;
            case DriverStep.ClaimWork:
                var isClaimed = Swap(ref next, ref driver.Word, driver.Word.Unpack().NextClaim());
                driver.Step = isClaimed ? DriverStep.RunWork : DriverStep.Choose;
                break;
            case DriverStep.RunWork:
                RunFirst(ref next);
                driver.Step = DriverStep.Choose;
                break;
            default:
                Swap(ref next, ref driver.Word, driver.Word.Unpack().EnterWait());
                driver.Step = DriverStep.Choose;
                break;
        }
    }

    private void StepWait(ref ModelState next, ref ModelDriver driver, int number)
    {
        switch (driver.Step)
        {
            case DriverStep.LookWhetherStopping:
                driver.Step = next.RunState == RunState.Stopping
                    ? DriverStep.LookWhetherDone
                    : DriverStep.LookForWorkAgain;
                break;
            case DriverStep.LookWhetherDone:
                driver.Step = next.Queued == 0 ? DriverStep.End : DriverStep.LookForWorkAgain;
                break;
            case DriverStep.LookForWorkAgain:
                var sees = next.Queued != 0 && scenario.Flaw != Flaw.LooksBeforeAnnouncingTheWait;
                driver.Step = sees ? DriverStep.Poll
                    : scenario.Stops ? DriverStep.LookWhetherStoppingAgain
                    : DriverStep.Wait;
                break;
            case DriverStep.LookWhetherStoppingAgain:
                driver.Step = next.RunState == RunState.Stopping ? DriverStep.Poll : DriverStep.Wait;
                break;
            case DriverStep.Poll or DriverStep.Wait:
                driver.Count = 0;
                driver.Step = DriverStep.Fill;
                break;
            case DriverStep.Fill:
                Fill(ref next, ref driver, number);
                break;
            case DriverStep.OnAwake:
                next.WakeTaken = scenario.Flaw == Flaw.NeverLowersTheWake ? next.WakeTaken : (byte)0;
                driver.Step = DriverStep.SetCount;
                break;
            case DriverStep.SetCount:
                next.EventCount = driver.Count;
                driver.Count = 0;
                driver.Step = DriverStep.BeginTurn;
                break;
            default:
                Require(
                    Swap(ref next, ref driver.Word, driver.Word.Unpack().BeginTurn()) ||
                    scenario.Flaw == Flaw.IgnoresTheEpoch,
                    "The loop was taken over in the wait.");
                driver.Step = scenario.Parks ? DriverStep.LookAtParked : DriverStep.Choose;
                break;
        }
    }

    // The kernel writes one entry at a time, and may return once there is one.
    private void Fill(ref ModelState next, ref ModelDriver driver, int number)
    {
        if (next.Triggered != 0)
        {
            next.Events[driver.Count++] = WakeEvent;
            next.Triggered = 0;
        }
        else if (next.Ready != 0 && driver.Count < ListLength)
        {
            if (driver.Count > 0)
            {
                var returned = next;
                returned.Drivers[number].Step = DriverStep.OnAwake;
                _successors.Add(returned);
            }

            var ready = (byte)(next.Ready & -next.Ready);
            next.Events[driver.Count++] = (byte)int.Log2(ready);
            next.Ready ^= ready;
        }
        else
        {
            driver.Step = DriverStep.OnAwake;
        }
    }

    private static void StepAfterWait(ref ModelState next, ref ModelDriver driver)
    {
        switch (driver.Step)
        {
            case DriverStep.LookAtParked:
                driver.Step = next.Parked != 0 ? DriverStep.TakeParked : DriverStep.Choose;
                break;
            case DriverStep.TakeParked:
                driver.Step = next.Parked != 0 ? DriverStep.SetUnpark : DriverStep.Choose;
                next.Parked = 0;
                break;
            case DriverStep.SetUnpark:
                next.Unpark = 1;
                driver.Step = DriverStep.Choose;
                break;
            case DriverStep.End:
                next.RunState = RunState.Stopped;
                driver.Step = DriverStep.MoveWork;
                break;
            default:
                driver.Step = RunFirst(ref next) ? DriverStep.MoveWork : DriverStep.Left;
                break;
        }
    }
}
