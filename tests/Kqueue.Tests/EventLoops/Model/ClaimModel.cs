using System.Text;
using Kqueue.EventLoops;
using Kqueue.EventLoops.Driving;
using static Common.Models.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// A loop, its drivers, a poster, a stopper and the watch as state machines whose steps are single accesses to shared
/// memory, in the order of <see cref="EventLoop"/>, <see cref="LoopDriver"/> and <see cref="LoopWatch"/>. Every
/// interleaving of the steps is a run of the protocol.
/// </summary>
/// <remarks>
/// The model is sequentially consistent; the code's fences are what entitles it to that. A driver that is slow and one
/// that is stuck are the same here: one that takes no step for a while. What is under a lock is one step.
/// </remarks>
internal sealed partial class ClaimModel(Scenario scenario) : IModel<ModelState>
{
    public const int DriversMax = 3;
    public const int ListLength = 4;

    // The kinds of entries of the turn's list, above the number of the event or of the work.
    private const byte PostedEntry = 0x20;
    private const byte HeldEntry = 0x40;
    private const byte WakeEntry = 0x80;
    private const byte NumberMask = 0x0F;

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
        initial.Drivers[0].Step = DriverStep.Begin;
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
        var (owners, handlers) = (0, 0);
        foreach (var driver in state.Drivers)
        {
            var canClaim = driver.Step is DriverStep.ClaimEntry or DriverStep.ClaimOwed or DriverStep.EnterWait &&
                driver.Word == state.Word;
            var isInWait = driver.Step is >= DriverStep.LookWhetherStopping and <= DriverStep.BeginTurn;
            owners += canClaim || isInWait ? 1 : 0;
            handlers += IsInHandler(driver) ? 1 : 0;
        }

        Require(owners <= 1, "Two drivers can claim.");
        Require(!scenario.OneRegistration || handlers <= 1, "A registration has two threads.");
    }

    /// <summary>What must hold when nothing can happen any more.</summary>
    public void CheckAtEnd(in ModelState state)
    {
        var epoch = state.Word.Unpack().Epoch;
        if (state.Drivers[epoch].Step == DriverStep.NeverReturns && epoch == scenario.HandOvers)
        {
            // The bound is reached: the loop stays with its handler, and what it owes waits for that.
            return;
        }

        var held = 0;
        foreach (var driver in state.Drivers)
        {
            held |= driver.Step == DriverStep.NeverReturns ? driver.Held : 0;
        }

        Require(state.Unflushed == 0, "Work that was put off is forgotten.");
        Require(state.Executed == AllBits(scenario.Work), "Posted work was lost.");
        Require(
            scenario.Stops || (state.Dispatched | held) == AllBits(scenario.Events), "An event was lost.");
        Require(!scenario.Stops || state.RunState == RunState.Stopped, "The loop does not end.");
    }

    public string Describe(in ModelState state)
    {
        var word = state.Word.Unpack();
        var text = new StringBuilder($"{word.Epoch}|{word.Turn}|{word.Work}|{(word.IsInWait ? "wait" : word.Event)}");
        foreach (var driver in state.Drivers)
        {
            text.Append(' ').Append(driver.Step);
        }

        return text.Append($" post:{state.PosterStep} stop:{state.StopperStep} watch:{state.WatchStep}").ToString();
    }

    private static byte AllBits(int count) => (byte)((1 << count) - 1);

    private static byte Bit(int number) => (byte)(1 << (number & NumberMask));

    private static bool IsInHandler(in ModelDriver driver) => driver.Copy < PostedEntry && driver.Running != 0 &&
        driver.Step is >= DriverStep.LookAtEpoch and <= DriverStep.NeverReturns;

    private byte RegistrationOf(int number) => (byte)(scenario.OneRegistration ? 1 : 1 + (number & NumberMask));

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

    private static byte TakeFirst(ref byte bits)
    {
        var first = (byte)(bits & -bits);
        bits ^= first;
        return first;
    }

    private static void Execute(ref ModelState state, byte work)
    {
        Require((state.Executed & work) == 0, "Work ran twice.");
        state.Executed |= work;
    }

    /// <summary>Runs the first piece of what a loop that has ended has left; false when there is none.</summary>
    private static bool MoveFirst(ref ModelState state)
    {
        if (state.Queued != 0)
        {
            Execute(ref state, TakeFirst(ref state.Queued));
            return true;
        }

        state.QueuedHeld = 0;
        state.Unflushed &= (byte)~TakeFirst(ref state.Owed);
        return state.Owed != 0;
    }
}
