using System.Numerics;
using Kqueue.EventLoops;
using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// The threads of a group, somebody who offloads work to them, the watch that takes one and finds that it needs none,
/// or starts extra ones, and the stop, as state machines in the order of <see cref="LoopThreads"/>,
/// <see cref="Backlog"/> and <see cref="LoopThread"/>.
/// </summary>
/// <remarks>
/// A step is one hold of one lock. The stop holds the group's and takes each thread's in turn; it is one step here,
/// because a thread sees no more of it than its own dismissal.
/// </remarks>
internal sealed partial class ThreadsModel(ThreadsScenario scenario) : IModel<ThreadsState>
{
    private const int ThreadsMax = 3;
    private const int ExtraMax = 2;

    private readonly List<ThreadsState> _successors = [];

    private int BusyMax => Math.Max(2, scenario.OffloadMax);

    public ThreadsState Initial() => new()
    {
        Offloader = new ModelCaller(FirstStep(scenario.Work), (byte)scenario.Work, Holds: 0),
        Watch = new ModelCaller(FirstStep(scenario.TakenForNothing), (byte)scenario.TakenForNothing, Holds: 0),
        OverdueLeft = (byte)scenario.Overdue,
    };

    public List<ThreadsState> SuccessorsOf(in ThreadsState state)
    {
        _successors.Clear();
        for (var number = 1; number <= ThreadsMax; number++)
        {
            StepThread(state, number);
        }

        for (var number = 1; number <= ExtraMax; number++)
        {
            StepExtra(state, number);
        }

        StepOffloader(state);
        StepWatch(state);
        LookAtBacklog(state);
        if (scenario.Stops && !state.IsStopped)
        {
            Stop(state);
        }

        return _successors;
    }

    public void CheckAlways(in ThreadsState state) =>
        Require(BusyCount(state) <= BusyMax, "More threads are busy than may be.");

    public void CheckAtEnd(in ThreadsState state)
    {
        var copy = state;
        var made = 0;
        for (var number = 1; number <= ThreadsMax; number++)
        {
            var thread = copy.Thread(number);
            made += thread.Step is ThreadStep.None or ThreadStep.Left ? 0 : 1;
            Require(
                thread.Step != ThreadStep.Asleep || StandsBy(state, number),
                "A thread sleeps that nobody can call any more.");
        }

        Require(
            copy.Extra(1).Step == ExtraStep.None && copy.Extra(2).Step == ExtraStep.None, "An extra thread is left.");
        Require(state.Executed == state.Accepted, "Offloaded work was lost.");
        Require(state.Count == made, "The count of the threads is wrong.");
        Require(!scenario.Stops || made == 0, "A thread is left after the stop.");
    }

    public string Describe(in ThreadsState state)
    {
        var copy = state;
        var threads = Enumerable.Range(1, ThreadsMax).Select(number => copy.Thread(number).Step);
        return $"{string.Join(' ', threads)} standby:{state.Standby:X2} count:{state.Count} stopped:{state.IsStopped}" +
            $" extra:{copy.Extra(1).Step} {copy.Extra(2).Step} backlog:{state.Backlog:X2}" +
            $" offloader:{state.Offloader} watch:{state.Watch}";
    }

    private static CallerStep FirstStep(int count) => count > 0 ? CallerStep.Take : CallerStep.Done;

    private static int StandbyCount(in ThreadsState state) =>
        (state.Standby & 0xF) == 0 ? 0 : state.Standby >> 4 == 0 ? 1 : 2;

    private static int BusyCount(in ThreadsState state) => state.Count - StandbyCount(state);

    private static bool StandsBy(in ThreadsState state, int number) =>
        (state.Standby & 0xF) == number || state.Standby >> 4 == number;

    private static void Push(ref ThreadsState state, int number)
    {
        Require(StandbyCount(state) < 2, "More threads stand by than there are.");
        state.Standby = (byte)((state.Standby << 4) | number);
    }

    private static void Remove(ref ThreadsState state, int number) =>
        state.Standby = (byte)((state.Standby & 0xF) == number ? state.Standby >> 4 : state.Standby & 0xF);

    /// <summary>LoopThread.Run and WaitForCall, LoopThreads.StandBy and TryLeave.</summary>
    private void StepThread(in ThreadsState state, int number)
    {
        var next = state;
        ref var thread = ref next.Thread(number);
        switch (thread.Step)
        {
            case ThreadStep.LookForCall:
                if (scenario.Flaw == ThreadsFlaw.SleepsWithoutLooking || !TryTakeCall(ref thread))
                {
                    thread.IsPulsed = false;
                    thread.Step = ThreadStep.Asleep;
                }

                break;
            case ThreadStep.Asleep:
                AddTimeout(state, number);
                if (!thread.IsPulsed)
                {
                    return;
                }

                thread.Step = ThreadStep.LookAgain;
                break;
            case ThreadStep.LookAgain:
                thread.Step = TryTakeCall(ref thread) ? thread.Step : ThreadStep.TryLeave;
                break;
            case ThreadStep.TryLeave:
                TryLeave(ref next, ref thread, number);
                break;
            case ThreadStep.Run:
                Execute(ref next, (byte)(1 << thread.Own));
                thread.Own = 0;
                thread.Step = ThreadStep.StandBy;
                break;
            case ThreadStep.StandBy:
                thread.Step = !TryStandBy(ref next, number, out var own) ? ThreadStep.Left
                    : own == 0 ? ThreadStep.LookForCall : ThreadStep.Run;
                thread.Own = own;
                break;
            default:
                return;
        }

        _successors.Add(next);
    }

    // Work is counted from 1; 0 is a dismissal.
    private static bool TryTakeCall(ref ModelThread thread)
    {
        if (!thread.IsCalled)
        {
            return false;
        }

        (thread.Own, thread.Given, thread.IsCalled) = (thread.Given, 0, false);
        thread.Step = thread.Own == 0 ? ThreadStep.Left : ThreadStep.Run;
        return true;
    }

    private void AddTimeout(ThreadsState state, int number)
    {
        ref var thread = ref state.Thread(number);
        if (thread.TimeoutsLeft > 0)
        {
            thread.TimeoutsLeft--;
            thread.Step = ThreadStep.LookAgain;
            _successors.Add(state);
        }
    }

    private void TryLeave(ref ThreadsState state, ref ModelThread thread, int number)
    {
        var leaves = StandsBy(state, number);
        if (leaves)
        {
            Remove(ref state, number);
            state.Count--;
        }

        leaves |= scenario.Flaw == ThreadsFlaw.LeavesWithoutAsking;
        thread.Step = leaves ? ThreadStep.Left : ThreadStep.LookForCall;
    }

    private static void Execute(ref ThreadsState state, byte work)
    {
        Require((state.Executed & work) == 0, "Work ran twice.");
        state.Executed |= work;
    }

    private bool TryStandBy(ref ThreadsState state, int number, out byte work)
    {
        work = 0;
        if (state.IsStopped && scenario.Flaw != ThreadsFlaw.StandsByAfterTheStop)
        {
            state.Count--;
            return false;
        }

        var others = state.Count - StandbyCount(state) - 1;
        if (others < scenario.OffloadMax && scenario.Flaw != ThreadsFlaw.StandsByBesideWork)
        {
            work = TakeOldest(ref state);
            state.Extra(1).IsRelieved = state.Extra(1).Step != ExtraStep.None;
            state.Extra(2).IsRelieved = state.Extra(2).Step != ExtraStep.None;
        }

        if (work == 0)
        {
            Push(ref state, number);
        }

        return true;
    }

    // The offloader counts down, so the oldest has the highest bit.
    private static byte TakeOldest(ref ThreadsState state) =>
        TakeBacklog(ref state, BitOperations.Log2(state.Backlog));

    private static byte TakeNewest(ref ThreadsState state) =>
        TakeBacklog(ref state, BitOperations.TrailingZeroCount(state.Backlog));

    private static byte TakeBacklog(ref ThreadsState state, int work)
    {
        if (state.Backlog == 0)
        {
            return 0;
        }

        state.Backlog &= (byte)~(1 << work);
        return (byte)work;
    }
}
