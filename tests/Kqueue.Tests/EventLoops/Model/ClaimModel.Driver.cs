using static Common.Models.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

internal sealed partial class ClaimModel
{
    /// <summary>EventLoop.Drive and what it calls.</summary>
    private void StepDriver(in ModelState state, int number)
    {
        var next = state;
        ref var driver = ref next.Drivers[number];
        var step = driver.Step;
        if (driver.HandOver != HandOverStep.None)
        {
            FinishHandOver(ref next, ref driver.HandOver, number);
            _successors.Add(next);
            return;
        }

        if (step is DriverStep.None or DriverStep.Left or DriverStep.NeverReturns ||
            (step is DriverStep.Wait && state.Ready == 0 && state.Triggered == 0))
        {
            return;
        }

        if (step <= DriverStep.LookAtLeftBehind)
        {
            StepClaim(ref next, ref driver, number);
        }
        else if (step <= DriverStep.LeaveHandler)
        {
            StepHandler(ref next, ref driver, number);
        }
        else if (step <= DriverStep.EnterWait)
        {
            StepOwed(ref next, ref driver);
        }
        else if (step <= DriverStep.BeginTurn)
        {
            StepWait(ref next, ref driver, number);
        }
        else
        {
            StepAfterwards(ref next, ref driver, number);
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
        else if (driver.Step == DriverStep.Choose)
        {
            driver.Copy = 0;
            driver.Next = DriverStep.None;
        }
        else if (driver.Step == DriverStep.NeverReturns)
        {
            driver.Word = default;
        }
    }

    private void StepClaim(ref ModelState next, ref ModelDriver driver, int number)
    {
        var tellsLate = scenario.Flaw == Flaw.TellsWhatItRunsAfterTheClaim;
        var readsLate = scenario.Flaw == Flaw.ReadsAfterTheClaim;
        switch (driver.Step)
        {
            case DriverStep.Begin:
                Require(
                    next.Word.Unpack().Epoch == number, "The loop was taken from a driver that has not begun.");
                driver.Step = DriverStep.ReadWord;
                break;
            case DriverStep.ReadWord:
                driver.Word = next.Word;
                driver.Step = DriverStep.Choose;
                break;
            case DriverStep.Choose:
                driver.Step = Choose(next, driver, number);
                break;
            case DriverStep.CopyEntry:
                driver.Copy = next.Entries[driver.Word.Unpack().Event - (readsLate ? 1 : 0)];
                driver.Running = tellsLate ? (byte)0 : RunningFor(driver.Copy);
                driver.Step = readsLate ? DriverStep.LookAtLeftBehind : DriverStep.ClaimEntry;
                break;
            case DriverStep.ClaimEntry:
                var isClaimed = Swap(ref next, ref driver.Word, driver.Word.Unpack().ClaimEvent());
                driver.Step = !isClaimed ? DriverStep.Choose
                    : readsLate ? DriverStep.CopyEntry
                    : DriverStep.LookAtLeftBehind;
                break;
            default:
                driver.Running = RunningFor(driver.Copy);
                driver.Step = TryHold(ref next, driver, number) ? DriverStep.LeaveHandler : DriverStep.EnterHandler;
                break;
        }
    }

    private byte RunningFor(byte entry) =>
        entry == WakeEntry || (entry & PostedEntry) != 0 ? (byte)0 : RegistrationOf(entry);

    private DriverStep Choose(in ModelState state, in ModelDriver driver, int number)
    {
        var word = driver.Word.Unpack();
        if (word.Epoch != number && scenario.Flaw != Flaw.IgnoresTheEpoch)
        {
            return DriverStep.ReturnToLeftBehind;
        }

        if (word.IsInWait)
        {
            return scenario.Stops ? DriverStep.LookWhetherStopping : DriverStep.LookForWorkAgain;
        }

        var hasMore = word.Event < state.EntryCount;
        if (state.Owed == 0)
        {
            return hasMore ? FirstOfEntry : DriverStep.EnterWait;
        }

        // When the loop does what it owes, at the end of the list at the latest, is no part of the protocol.
        if (hasMore)
        {
            var later = state;
            later.Drivers[number].Step = FirstOfEntry;
            _successors.Add(later);
        }

        return hasMore || scenario.Flaw != Flaw.WaitsWithOwedWork ? DriverStep.ClaimOwed : DriverStep.EnterWait;
    }

    private DriverStep FirstOfEntry =>
        scenario.Flaw == Flaw.ReadsAfterTheClaim ? DriverStep.ClaimEntry : DriverStep.CopyEntry;

    /// <summary>Gives an event to the driver that runs its registration and has lost the loop.</summary>
    private static bool TryHold(ref ModelState next, in ModelDriver driver, int number)
    {
        for (var i = 0; i < DriversMax && driver.Running != 0; i++)
        {
            if (i != number && (next.LeftBehind & Bit(i)) != 0 && next.Drivers[i].Running == driver.Running)
            {
                next.Drivers[i].Held |= Bit(driver.Copy);
                return true;
            }
        }

        return false;
    }

    private void StepHandler(ref ModelState next, ref ModelDriver driver, int number)
    {
        switch (driver.Step)
        {
            case DriverStep.EnterHandler:
                Enter(ref next, ref driver);
                break;
            case DriverStep.LookAtEpoch:
                var isDriving = next.Word.Unpack().Epoch == number;
                next.Unflushed &= isDriving ? next.Unflushed : (byte)~Bit(driver.Copy);
                driver.Step = isDriving ? DriverStep.Owe : DriverStep.InHandler;
                break;
            case DriverStep.Owe:
                if (scenario.Flaw == Flaw.KeepsOwedWorkWithTheDriver)
                {
                    driver.Own |= Bit(driver.Copy);
                }

                next.Owed |= Bit(driver.Copy);
                driver.Step = scenario.Flaw == Flaw.OwesWithoutLookingAtTheEpoch
                    ? DriverStep.InHandler
                    : DriverStep.LookAtEpochAgain;
                break;
            case DriverStep.LookAtEpochAgain:
                driver.Next = DriverStep.InHandler;
                driver.Step = next.Word.Unpack().Epoch == number ? DriverStep.InHandler : DriverStep.LookAtWord;
                break;
            case DriverStep.InHandler:
                AddOthersInHandler(next, number);
                driver.Step = DriverStep.LeaveHandler;
                break;
            case DriverStep.ReadWordToGiveAway:
                driver.Word = next.Word;
                driver.Step = next.Word.Unpack().Epoch == number ? DriverStep.GiveAway : DriverStep.InHandler;
                break;
            case DriverStep.GiveAway:
                var seen = driver.Word;
                driver.HandOver = BeginHandOver(ref next, seen);
                driver.Step = driver.HandOver == HandOverStep.None
                    ? DriverStep.ReadWordToGiveAway
                    : DriverStep.InHandler;
                break;
            default:
                // Who has lost the loop goes on to say so, and is asked what it ran.
                driver.Running = next.Word.Unpack().Epoch == number ? (byte)0 : driver.Running;
                driver.Step = DriverStep.Choose;
                break;
        }
    }

    private void AddOthersInHandler(in ModelState state, int number)
    {
        if (scenario.Blocks)
        {
            var blocked = state;
            blocked.Drivers[number].Step = DriverStep.NeverReturns;
            Forget(ref blocked.Drivers[number]);
            _successors.Add(blocked);
        }

        if (scenario.GivesAway && state.Word.Unpack().Epoch == number && number < scenario.HandOvers)
        {
            var giving = state;
            giving.Drivers[number].Step = DriverStep.ReadWordToGiveAway;
            _successors.Add(giving);
        }
    }

    private void Enter(ref ModelState next, ref ModelDriver driver)
    {
        if (driver.Copy == WakeEntry)
        {
            driver.Step = DriverStep.LeaveHandler;
        }
        else if ((driver.Copy & PostedEntry) != 0)
        {
            Execute(ref next, Bit(driver.Copy));
            driver.Step = DriverStep.LeaveHandler;
        }
        else
        {
            Require((next.Dispatched & Bit(driver.Copy)) == 0, "An event was dispatched twice.");
            next.Dispatched |= Bit(driver.Copy);
            next.Unflushed |= scenario.Defers ? Bit(driver.Copy) : (byte)0;
            driver.Copy &= NumberMask;
            driver.Step = scenario.Defers ? DriverStep.LookAtEpoch : DriverStep.InHandler;
        }
    }

    private void StepOwed(ref ModelState next, ref ModelDriver driver)
    {
        switch (driver.Step)
        {
            case DriverStep.ClaimOwed:
                var isClaimed = Swap(ref next, ref driver.Word, driver.Word.Unpack().ClaimWork());
                driver.Step = isClaimed ? DriverStep.RunOwed : DriverStep.Choose;
                break;
            case DriverStep.RunOwed:
                var mine = scenario.Flaw == Flaw.KeepsOwedWorkWithTheDriver;
                var work = TakeFirst(ref next.Owed);
                next.Unflushed &= (byte)~(mine ? work & driver.Own : work);
                driver.Step = DriverStep.LeaveHandler;
                break;
            default:
                Swap(ref next, ref driver.Word, driver.Word.Unpack().EnterWait());
                driver.Step = DriverStep.Choose;
                break;
        }
    }
}
