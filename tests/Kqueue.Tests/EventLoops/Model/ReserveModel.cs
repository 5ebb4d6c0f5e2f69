using Kqueue.EventLoops;
using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// Loops whose handlers all may block, work that is offloaded at any moment, and the watch, as state machines around
/// the count of busy threads that <see cref="LoopThreads"/> keeps. Whoever is stuck may come back at any moment, or
/// never.
/// </summary>
internal sealed class ReserveModel(ReserveScenario scenario) : IModel<ReserveState>
{
    private readonly List<ReserveState> _successors = [];

    private int ThreadsMax => scenario.LoopCount + scenario.StandbyMax;

    private int BusyBesideReserve => ThreadsMax - Math.Min(scenario.LoopCount, scenario.StandbyMax / 2) +
        (scenario.Flaw == ReserveFlaw.KeepsOneLess ? 1 : 0);

    private int OffloadMax =>
        scenario.Flaw == ReserveFlaw.OffloadsFromTheReserve ? ThreadsMax : BusyBesideReserve;

    public ReserveState Initial() => new() { Busy = (byte)scenario.LoopCount };

    public List<ReserveState> SuccessorsOf(in ReserveState state)
    {
        _successors.Clear();
        for (var loop = 0; loop < scenario.LoopCount; loop++)
        {
            StepDriver(state, loop);
            TakeOver(state, loop);
        }

        Offload(state);
        ComeBack(state);
        return _successors;
    }

    public void CheckAlways(in ReserveState state)
    {
        var copy = state;
        var stuck = Enumerable.Range(0, scenario.LoopCount).Count(loop => copy.Driver(loop) != ReserveStep.Ask);
        Require(state.Busy <= ThreadsMax, "More threads are busy than may be.");
        Require(
            state.Busy == scenario.LoopCount + state.LeftBehind + state.Offloaded,
            "The count of the threads is wrong.");
        Require(
            ThreadsMax - state.Busy >= stuck,
            "A loop has a handler that may block, and no thread is left for the loop.");
    }

    // Somebody can always come back: no run ends.
    public void CheckAtEnd(in ReserveState state) => Require(condition: false, "Everything stands still.");

    public string Describe(in ReserveState state)
    {
        var copy = state;
        var drivers = Enumerable.Range(0, scenario.LoopCount).Select(loop => copy.Driver(loop));
        return $"{string.Join(' ', drivers)} busy:{state.Busy} left:{state.LeftBehind} offloaded:{state.Offloaded}";
    }

    /// <summary>ApplicationScheduling.RunsInline, and the handler that runs when it says so.</summary>
    private void StepDriver(ReserveState state, int loop)
    {
        ref var step = ref state.Driver(loop);
        switch (step)
        {
            case ReserveStep.Ask when state.Busy <= BusyBesideReserve || scenario.Flaw == ReserveFlaw.RunsWithoutAsking:
                step = ReserveStep.Begin;
                break;
            case ReserveStep.Begin:
                step = ReserveStep.Stuck;
                break;
            case ReserveStep.Stuck:
                step = ReserveStep.Ask;
                break;
            default:
                return;
        }

        _successors.Add(state);
    }

    /// <summary>
    /// LoopThreads.TryTakeOver: also from a driver that has asked, and was set aside before it began.
    /// </summary>
    private void TakeOver(ReserveState state, int loop)
    {
        ref var step = ref state.Driver(loop);
        if (step == ReserveStep.Ask)
        {
            return;
        }

        Require(state.Busy < ThreadsMax, "A loop stays with a handler that blocks.");
        step = ReserveStep.Ask;
        state.Busy++;
        state.LeftBehind++;
        _successors.Add(state);
    }

    /// <summary>LoopThreads.TryOffload, and StandBy with work that waits.</summary>
    private void Offload(ReserveState state)
    {
        if (state.Busy < OffloadMax)
        {
            state.Busy++;
            state.Offloaded++;
            _successors.Add(state);
        }
    }

    /// <summary>LoopThreads.StandBy.</summary>
    private void ComeBack(in ReserveState state)
    {
        if (state.LeftBehind > 0)
        {
            _successors.Add(state with { Busy = (byte)(state.Busy - 1), LeftBehind = (byte)(state.LeftBehind - 1) });
        }

        if (state.Offloaded > 0)
        {
            _successors.Add(state with { Busy = (byte)(state.Busy - 1), Offloaded = (byte)(state.Offloaded - 1) });
        }
    }
}
