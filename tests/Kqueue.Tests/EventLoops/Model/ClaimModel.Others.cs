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
                next.PosterStep = MoveFirst(ref next) ? PosterStep.MoveWork : NextItem(ref next);
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

    /// <summary>LoopWatch, and EventLoop.TryHandOver for it.</summary>
    private void StepWatch(in ModelState state)
    {
        var next = state;
        if (state.WatchHandOver != HandOverStep.None)
        {
            FinishHandOver(ref next, ref next.WatchHandOver, state.WatchSeen.Unpack().Epoch);
            _successors.Add(next);
            return;
        }

        switch (state.WatchStep)
        {
            case WatchStep.Look:
                Look(ref next);
                break;
            case WatchStep.HandOver:
                next.WatchHandOver = BeginHandOver(ref next, next.WatchSeen);
                next.WatchStep = WatchStep.Look;
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
            parking.WatchStep = WatchStep.RaiseParked;
            _successors.Add(parking);
        }

        if (!word.IsInWait && next.Word == next.WatchSeen && word.Epoch < scenario.HandOvers)
        {
            next.WatchStep = WatchStep.HandOver;
        }

        next.WatchSeen = next.Word;
    }

    /// <summary>EventLoop.TryHandOver up to the swap, which is the watch's or the driver's own.</summary>
    private HandOverStep BeginHandOver(ref ModelState next, PackedWord seen)
    {
        var word = seen.Unpack();
        var isOfTheEpoch = next.Driver == word.Epoch || scenario.Flaw == Flaw.TakesFromTheDriverBefore;
        var hasBegun = next.Drivers[next.Driver].Step > DriverStep.Begin ||
            scenario.Flaw == Flaw.TakesFromADriverThatHasNotBegun;
        var isSwapped = isOfTheEpoch && hasBegun && word.Epoch < scenario.HandOvers &&
            Swap(ref next, ref seen, word.HandOver());
        return isSwapped ? HandOverStep.AddLeftBehind : HandOverStep.None;
    }

    /// <summary>What comes after the swap: the one who left is noted before the next one drives.</summary>
    private static void FinishHandOver(ref ModelState next, ref HandOverStep step, int left)
    {
        if (step == HandOverStep.AddLeftBehind)
        {
            next.LeftBehind |= next.Drivers[left].Running != 0 ? Bit(left) : (byte)0;
            step = HandOverStep.SetDriver;
            return;
        }

        step = HandOverStep.None;
        next.Driver = (byte)(left + 1);
        next.Drivers[left + 1].Step = DriverStep.Begin;
    }

    private bool Park(ref ModelState next)
    {
        switch (next.WatchStep)
        {
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
                return next.Parked == 0;
            default:
                next.Parked = 0;
                next.WatchStep = WatchStep.Look;
                break;
        }

        return true;
    }
}
