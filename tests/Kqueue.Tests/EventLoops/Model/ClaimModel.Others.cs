namespace Kqueue.Tests.EventLoops.Model;

internal sealed partial class ClaimModel
{
    /// <summary>EventLoop.Post, for one piece of work after the other.</summary>
    private void StepPoster(in ModelState state)
    {
        var next = state;
        switch (state.PosterStep)
        {
            case PosterStep.Done:
                return;
            case PosterStep.Enqueue:
                // With the flaw, what was seen before decides.
                next.PosterSawWait = state.Word.Unpack().IsInWait ? (byte)1 : (byte)0;
                if (scenario.Flaw != Flaw.LooksForTheDriverBeforeAdding)
                {
                    next.PosterSawWait = 0;
                    next.Queued |= Bit(state.PostersItem);
                }

                next.PosterStep = PosterStep.LookAtWord;
                break;
            case PosterStep.LookAtWord:
                var seesWait = state.Word.Unpack().IsInWait;
                if (scenario.Flaw == Flaw.LooksForTheDriverBeforeAdding)
                {
                    seesWait = state.PosterSawWait != 0;
                    next.Queued |= Bit(state.PostersItem);
                }

                next.PosterStep = seesWait ? PosterStep.TakeWake : PosterStep.LookWhetherStopped;
                break;
            case PosterStep.TakeWake:
                next.PosterStep = state.WakeTaken == 0 ? PosterStep.Trigger : PosterStep.LookWhetherStopped;
                next.WakeTaken = 1;
                break;
            case PosterStep.Trigger:
                next.Triggered = 1;
                next.PosterStep = PosterStep.LookWhetherStopped;
                break;
            case PosterStep.LookWhetherStopped:
                var seesEnd = state.RunState == RunState.Stopped && scenario.Flaw != Flaw.PostsToAnEndedLoop;
                next.PosterStep = seesEnd ? PosterStep.MoveWork : NextItem(ref next);
                break;
            default:
                next.PosterStep = RunFirst(ref next) ? PosterStep.MoveWork : NextItem(ref next);
                break;
        }

        _successors.Add(next);
    }

    private PosterStep NextItem(ref ModelState next)
    {
        next.PosterSawWait = 0;
        next.PostersItem++;
        return next.PostersItem < scenario.Work ? PosterStep.Enqueue : PosterStep.Done;
    }

    /// <summary>EventLoop.Stop.</summary>
    private void StepStopper(in ModelState state)
    {
        var next = state;
        switch (state.StopperStep)
        {
            case StopperStep.Done:
                return;
            case StopperStep.Stop:
                next.RunState = RunState.Stopping;
                next.StopperStep = StopperStep.TakeWake;
                break;
            case StopperStep.TakeWake:
                next.StopperStep = state.WakeTaken == 0 ? StopperStep.Trigger : StopperStep.Done;
                next.WakeTaken = 1;
                break;
            default:
                next.Triggered = 1;
                next.StopperStep = StopperStep.Done;
                break;
        }

        _successors.Add(next);
    }

    /// <summary>LoopWatch, LoopThreads.TakeOver, EventLoop.TryTakeOver and ReportStuck.</summary>
    private void StepWatch(in ModelState state)
    {
        var next = state;
        switch (state.WatchStep)
        {
            case WatchStep.Look:
                Look(ref next);
                break;
            case WatchStep.HandOver:
                HandOver(ref next);
                break;
            case WatchStep.TakeDeferred:
                ref var left = ref next.Drivers[state.WatchTarget];
                next.WatchStep = left.Deferred != 0 ? WatchStep.Flush : WatchStep.Assign;
                next.WatchHolds = TakeDeferred(ref left);
                break;
            case WatchStep.Flush:
                next.Unflushed &= (byte)~state.WatchHolds;
                next.WatchHolds = 0;
                next.WatchStep = WatchStep.TakeDeferred;
                break;
            case WatchStep.Assign:
                Assign(ref next);
                break;
            default:
                if (!Park(ref next))
                {
                    return;
                }

                break;
        }

        _successors.Add(next);
    }

    private void Look(ref ModelState next)
    {
        var word = next.Word.Unpack();
        if (word.IsInWait && scenario.Parks)
        {
            // The number of looks before parking is no part of the protocol: it may park after any of them.
            var parking = next;
            parking.WatchSeen = next.Word;
            parking.WatchStep = WatchStep.ResetUnpark;
            _successors.Add(parking);
        }

        if (!word.IsInWait && next.Word == next.WatchSeen)
        {
            if (word.Epoch < scenario.HandOvers)
            {
                next.WatchStep = WatchStep.HandOver;
            }
            else if (next.Drivers[word.Epoch].Deferred != 0)
            {
                next.WatchTarget = (byte)word.Epoch;
                next.WatchStep = WatchStep.TakeDeferred;
            }
        }

        next.WatchSeen = next.Word;
    }

    private void HandOver(ref ModelState next)
    {
        var seen = next.WatchSeen;
        var epoch = seen.Unpack().Epoch;
        var isSwapped = Swap(ref next, ref seen, seen.Unpack().HandOver());
        next.WatchTarget = isSwapped ? (byte)epoch : (byte)0;
        next.WatchStep = !isSwapped ? WatchStep.Look
            : scenario.Flaw == Flaw.HandsOverWithoutTakingTheDeferred ? WatchStep.Assign
            : WatchStep.TakeDeferred;
    }

    // A hand-over gives the next epoch to a standby thread; a report of a stuck driver gives nothing to nobody.
    private static void Assign(ref ModelState next)
    {
        var successor = next.WatchTarget + 1;
        if (successor == next.Word.Unpack().Epoch && next.Drivers[successor].Step == DriverStep.None)
        {
            next.Drivers[successor].Step = DriverStep.ReadWord;
        }

        next.WatchTarget = 0;
        next.WatchStep = WatchStep.Look;
    }

    private bool Park(ref ModelState next)
    {
        switch (next.WatchStep)
        {
            case WatchStep.ResetUnpark:
                next.Unpark = 0;
                next.WatchStep = WatchStep.RaiseParked;
                break;
            case WatchStep.RaiseParked:
                next.Parked = 1;
                next.WatchStep = scenario.Flaw == Flaw.ParksWithoutLookingAgain
                    ? WatchStep.Asleep
                    : WatchStep.LookAgain;
                break;
            case WatchStep.LookAgain:
                next.WatchStep = next.Word.Unpack().IsInWait ? WatchStep.Asleep : WatchStep.LowerParked;
                break;
            case WatchStep.Asleep:
                next.WatchStep = WatchStep.LowerParked;
                return next.Unpark != 0;
            default:
                next.Parked = 0;
                next.WatchStep = WatchStep.Look;
                break;
        }

        return true;
    }
}
