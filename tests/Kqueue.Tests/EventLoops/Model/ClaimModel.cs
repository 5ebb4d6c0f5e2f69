using System.Text;
using Kqueue.EventLoops;
using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// A loop, its drivers, a poster, a stopper and the watch as state machines whose steps are single accesses to shared
/// memory, in the order of <see cref="EventLoop"/>, <see cref="LoopDriver"/> and <see cref="LoopWatch"/>. Every
/// interleaving of the steps is a run of the protocol.
/// </summary>
/// <remarks>
/// The model is sequentially consistent; the code's fences are what entitles it to that. A driver that is slow and one
/// that is stuck are the same here: one that takes no step for a while.
/// </remarks>
internal sealed partial class ClaimModel(Scenario scenario) : IModel<ModelState>
{
    public const int DriversMax = 3;
    public const int ListLength = 3;

    private const int WorkPerTurn = 2;
    private const byte WakeEvent = 0xFF;

    private readonly List<ModelState> _successors = [];

    public ModelState Initial()
    {
        var initial = new ModelState
        {
            Word = PackedWord.Pack(ClaimWord.Initial),
            Ready = AllBits(scenario.Events),
            PosterStep = scenario.Work > 0 ? PosterStep.Enqueue : PosterStep.Done,
            StopperStep = scenario.Stops ? StopperStep.Stop : StopperStep.Done,
        };
        initial.Drivers[0].Step = DriverStep.ReadWord;
        return initial;
    }

    /// <summary>Every state that is one step of one thread away.</summary>
    public List<ModelState> SuccessorsOf(in ModelState state)
    {
        _successors.Clear();
        for (var i = 0; i < DriversMax; i++)
        {
            StepDriver(state, i);
        }

        StepPoster(state);
        StepStopper(state);
        StepWatch(state);
        return _successors;
    }

    /// <summary>What must hold at every moment.</summary>
    public void CheckAlways(in ModelState state)
    {
        var owners = 0;
        for (var i = 0; i < DriversMax; i++)
        {
            var driver = state.Drivers[i];
            var canClaim = driver.Step is DriverStep.ClaimEvent or DriverStep.ClaimWork or DriverStep.EnterWait
                && driver.Word == state.Word;
            var isInWait = driver.Step is >= DriverStep.LookWhetherStopping and <= DriverStep.BeginTurn;
            owners += canClaim || isInWait ? 1 : 0;

            var isFlushed = (state.Unflushed & (Bit(driver.Copy) | driver.Deferred)) == 0;
            var isBehind = driver.Step is DriverStep.InHandler or DriverStep.NeverReturns
                && i < state.Word.Unpack().Epoch && state.WatchStep == WatchStep.Look;
            Require(isFlushed || !isBehind, "What a handler deferred is not flushed at the hand-over.");
        }

        Require(owners <= 1, "Two drivers can claim.");
    }

    /// <summary>What must hold when nothing can happen any more.</summary>
    public void CheckAtEnd(in ModelState state)
    {
        Require(state.Unflushed == 0, "Deferred work was forgotten.");
        var epoch = state.Word.Unpack().Epoch;
        if (state.Drivers[epoch].Step == DriverStep.NeverReturns && epoch == scenario.HandOvers)
        {
            // The bound is reached: the loop stays with its handler.
            return;
        }

        Require(state.Executed == AllBits(scenario.Work), "Posted work was lost.");
        Require(scenario.Stops || state.Dispatched == AllBits(scenario.Events), "An event was lost.");
        Require(!scenario.Stops || state.RunState == RunState.Stopped, "The loop does not end.");
    }

    public string Describe(in ModelState state)
    {
        var word = state.Word.Unpack();
        var text = new StringBuilder($"{word.Epoch}|{word.Turn}|{(word.IsInWait ? "wait" : word.Cursor)}");
        foreach (var driver in state.Drivers)
        {
            text.Append(' ').Append(driver.Step);
        }

        return text.Append($" post:{state.PosterStep} stop:{state.StopperStep} watch:{state.WatchStep}").ToString();
    }

    private static byte AllBits(int count) => (byte)((1 << count) - 1);

    private static byte Bit(int number) => (byte)(1 << number);

    private static bool Swap(ref ModelState state, ref PackedWord word, ClaimWord next)
    {
        var isSwapped = state.Word == word;
        if (isSwapped)
        {
            state.Word = PackedWord.Pack(next);
        }

        word = state.Word;
        return isSwapped;
    }

    /// <summary>Takes the first piece of work and runs it; false when there is none.</summary>
    private static bool RunFirst(ref ModelState state)
    {
        if (state.Queued == 0)
        {
            return false;
        }

        var work = (byte)(state.Queued & -state.Queued);
        Require((state.Executed & work) == 0, "Work ran twice.");
        state.Queued ^= work;
        state.Executed |= work;
        return true;
    }
}
