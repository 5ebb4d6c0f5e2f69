using static Common.Models.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

internal sealed partial class ClaimModel
{
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
                var isDone = next.Queued == 0 && next.QueuedHeld == 0 && next.Owed == 0;
                driver.Step = isDone ? DriverStep.End : DriverStep.LookForWorkAgain;
                break;
            case DriverStep.LookForWorkAgain:
                var hasWork = (next.Queued | next.QueuedHeld) != 0;
                driver.Step = hasWork && scenario.Flaw != Flaw.LooksBeforeAnnouncingTheWait
                    ? DriverStep.Poll
                    : DriverStep.LookForOwedAgain;
                break;
            case DriverStep.LookForOwedAgain:
                driver.Step = next.Owed != 0 && scenario.Flaw != Flaw.WaitsWithOwedWork ? DriverStep.Poll
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
            case DriverStep.LookAtWake:
                LookAtWake(ref next, ref driver, number);
                break;
            case DriverStep.LowerWake:
                next.WakeTaken = scenario.Flaw == Flaw.NeverLowersTheWake ? next.WakeTaken : (byte)0;
                driver.Step = DriverStep.TakeWork;
                break;
            case DriverStep.TakeWork:
                TakeWork(ref next, ref driver);
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
            next.Entries[driver.Count++] = WakeEntry;
            next.Triggered = 0;
        }
        else if (next.Ready != 0 && driver.Count < ListLength)
        {
            if (driver.Count > 0)
            {
                var returned = next;
                returned.Drivers[number].Step = DriverStep.LookAtWake;
                _successors.Add(returned);
            }

            next.Entries[driver.Count++] = (byte)int.Log2(TakeFirst(ref next.Ready));
        }
        else
        {
            driver.Step = DriverStep.LookAtWake;
        }
    }

    // A look without a fence, which may miss what was just written, but not a wake that the kernel has delivered.
    private void LookAtWake(ref ModelState next, ref ModelDriver driver, int number)
    {
        ReadOnlySpan<byte> entries = next.Entries;
        var isDelivered = entries[..driver.Count].Contains(WakeEntry);

        // It is no entry where it comes last.
        driver.Count -= driver.Count > 0 && entries[driver.Count - 1] == WakeEntry ? (byte)1 : (byte)0;
        driver.Step = next.WakeTaken != 0 ? DriverStep.LowerWake : DriverStep.TakeWork;
        if (next.WakeTaken != 0 && (!isDelivered || scenario.Flaw == Flaw.MissesADeliveredWake))
        {
            var missed = next;
            missed.Drivers[number].Step = DriverStep.TakeWork;
            _successors.Add(missed);
        }
    }

    private static void TakeWork(ref ModelState next, ref ModelDriver driver)
    {
        if (next.Queued != 0 && driver.Count < ListLength)
        {
            next.Entries[driver.Count++] = (byte)(PostedEntry | int.Log2(TakeFirst(ref next.Queued)));
        }
        else if (next.QueuedHeld != 0 && driver.Count < ListLength)
        {
            next.Entries[driver.Count++] = (byte)(HeldEntry | int.Log2(TakeFirst(ref next.QueuedHeld)));
        }
        else
        {
            next.EntryCount = driver.Count;
            driver.Count = 0;
            driver.Step = DriverStep.BeginTurn;
        }
    }

    private void StepAfterwards(ref ModelState next, ref ModelDriver driver, int number)
    {
        switch (driver.Step)
        {
            case DriverStep.LookAtParked:
                driver.Step = next.Parked != 0 ? DriverStep.TakeParked : DriverStep.Choose;
                break;
            case DriverStep.TakeParked:
                next.Parked = 0;
                driver.Step = DriverStep.Choose;
                break;
            case DriverStep.End:
                next.RunState = RunState.Stopped;
                driver.Step = DriverStep.MoveWork;
                break;
            case DriverStep.MoveWork:
                driver.Step = MoveFirst(ref next) ? DriverStep.MoveWork : DriverStep.Left;
                break;
            case DriverStep.ReturnToLeftBehind:
                next.LeftBehind &= (byte)~Bit(number);
                driver.Running = 0;
                driver.Held = scenario.Flaw == Flaw.ForgetsWhatWasHeld ? (byte)0 : driver.Held;
                driver.Step = driver.Held != 0 ? DriverStep.PostHeld : DriverStep.Left;
                break;
            case DriverStep.PostHeld:
                next.QueuedHeld |= TakeFirst(ref driver.Held);
                driver.Next = driver.Held != 0 ? DriverStep.PostHeld : DriverStep.Left;
                driver.Step = DriverStep.LookAtWord;
                break;
            case DriverStep.LookAtWord:
                driver.Step = next.Word.Unpack().IsInWait ? DriverStep.TakeWake : DriverStep.LookWhetherStopped;
                break;
            case DriverStep.TakeWake:
                driver.Step = next.WakeTaken == 0 ? DriverStep.Trigger : DriverStep.LookWhetherStopped;
                next.WakeTaken = 1;
                break;
            case DriverStep.Trigger:
                next.Triggered = 1;
                driver.Step = DriverStep.LookWhetherStopped;
                break;
            case DriverStep.LookWhetherStopped:
                driver.Step = next.RunState == RunState.Stopped ? DriverStep.MoveAdded : driver.Next;
                break;
            default:
                driver.Step = MoveFirst(ref next) ? DriverStep.MoveAdded : driver.Next;
                break;
        }
    }
}
