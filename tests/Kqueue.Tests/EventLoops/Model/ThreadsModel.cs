using System.Numerics;
using Kqueue.EventLoops;
using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>
/// The threads of a group, somebody who offloads work to them, the watch that takes one and finds that it needs none,
/// and the stop, as state machines in the order of <see cref="LoopThreads"/> and <see cref="LoopThread"/>.
/// </summary>
/// <remarks>
/// A step is one hold of one lock. The stop holds the group's and takes each thread's in turn; it is one step here,
/// because a thread sees no more of it than its own dismissal.
/// </remarks>
internal sealed class ThreadsModel(ThreadsScenario scenario) : IModel<ThreadsState>
{
    private const int ThreadsMax = 3;

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

        Require(state.Executed == state.Accepted, "Offloaded work was lost.");
        Require(state.Count == made, "The count of the threads is wrong.");
        Require(!scenario.Stops || made == 0, "A thread is left after the stop.");
    }

    public string Describe(in ThreadsState state)
    {
        var copy = state;
        var threads = Enumerable.Range(1, ThreadsMax).Select(number => copy.Thread(number).Step);
        return $"{string.Join(' ', threads)} standby:{state.Standby:X2} count:{state.Count} stopped:{state.IsStopped}" +
            $" backlog:{state.Backlog:X2} offloader:{state.Offloader} watch:{state.Watch}";
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
            work = TakeBacklog(ref state);
        }

        if (work == 0)
        {
            Push(ref state, number);
        }

        return true;
    }

    private static byte TakeBacklog(ref ThreadsState state)
    {
        if (state.Backlog == 0)
        {
            return 0;
        }

        var work = (byte)BitOperations.TrailingZeroCount(state.Backlog);
        state.Backlog &= (byte)~(1 << work);
        return work;
    }

    /// <summary>LoopThreads.TryOffload.</summary>
    private void StepOffloader(in ThreadsState state)
    {
        var next = state;
        ref var caller = ref next.Offloader;
        switch (caller.Step)
        {
            case CallerStep.Take when !state.IsStopped && BusyCount(state) >= scenario.OffloadMax:
                next.Backlog |= (byte)(1 << caller.Left);
                next.Accepted |= (byte)(1 << caller.Left);
                GoOn(ref caller);
                break;
            case CallerStep.Take or CallerStep.Make:
                Take(ref next, ref caller, then: CallerStep.Assign);
                break;
            case CallerStep.Assign:
                Call(ref next.Thread(caller.Holds), caller.Left);
                next.Accepted |= (byte)(1 << caller.Left);
                GoOn(ref caller);
                break;
            default:
                return;
        }

        _successors.Add(next);
    }

    /// <summary>LoopThreads.TryTakeOver, when the driver has moved after all.</summary>
    private void StepWatch(in ThreadsState state)
    {
        var next = state;
        ref var caller = ref next.Watch;
        switch (caller.Step)
        {
            case CallerStep.Take or CallerStep.Make:
                Take(ref next, ref caller, then: CallerStep.PutBack);
                break;
            case CallerStep.PutBack:
                PutBack(ref next, ref caller);
                break;
            case CallerStep.Assign or CallerStep.Dismiss:
                Call(ref next.Thread(caller.Holds), caller.Gives);
                GoOn(ref caller);
                break;
            default:
                return;
        }

        _successors.Add(next);
    }

    private void PutBack(ref ThreadsState state, ref ModelCaller caller)
    {
        var isKept = TryStandBy(ref state, caller.Holds, out var work);
        caller.Gives = work;
        if (!isKept && scenario.Flaw != ThreadsFlaw.PutsBackWithoutDismissing)
        {
            caller.Step = CallerStep.Dismiss;
        }
        else if (work != 0)
        {
            caller.Step = CallerStep.Assign;
        }
        else
        {
            GoOn(ref caller);
        }
    }

    /// <summary>LoopThreads.LookAtBacklog, at a moment when work has waited for too long.</summary>
    private void LookAtBacklog(ThreadsState state)
    {
        if (state.OverdueLeft > 0 && TakeBacklog(ref state) is > 0 and var work)
        {
            state.OverdueLeft--;
            Execute(ref state, (byte)(1 << work));
            _successors.Add(state);
        }
    }

    private void Take(ref ThreadsState state, ref ModelCaller caller, CallerStep then)
    {
        if (caller.Step == CallerStep.Make)
        {
            caller.Holds = Make(ref state);
            caller.Step = then;
        }
        else if (state.IsStopped || BusyCount(state) >= BusyMax)
        {
            GoOn(ref caller);
        }
        else if (state.Standby != 0)
        {
            caller.Holds = (byte)(state.Standby & 0xF);
            state.Standby >>= 4;
            caller.Step = then;
        }
        else
        {
            state.Count++;
            caller.Step = CallerStep.Make;
        }
    }

    // A thread that has left makes room for a new one.
    private byte Make(ref ThreadsState state)
    {
        for (byte number = 1; number <= ThreadsMax; number++)
        {
            if (state.Thread(number).Step is ThreadStep.None or ThreadStep.Left)
            {
                state.Thread(number) = new ModelThread
                {
                    Step = ThreadStep.LookForCall,
                    TimeoutsLeft = (byte)scenario.Timeouts,
                };
                return number;
            }
        }

        throw new ProtocolViolationException("There are more threads than may be.");
    }

    private static void Call(ref ModelThread thread, byte work)
    {
        Require(!thread.IsCalled, "A thread was called twice.");
        thread.Given = work;
        thread.IsCalled = true;
        thread.IsPulsed = thread.Step == ThreadStep.Asleep;
    }

    private static void GoOn(ref ModelCaller caller)
    {
        (caller.Holds, caller.Gives) = (0, 0);
        caller.Left--;
        caller.Step = FirstStep(caller.Left);
    }

    /// <summary>LoopThreads.Stop.</summary>
    private void Stop(ThreadsState state)
    {
        state.IsStopped = true;
        state.Count -= (byte)StandbyCount(state);
        for (; state.Standby != 0; state.Standby >>= 4)
        {
            Call(ref state.Thread(state.Standby & 0xF), work: 0);
        }

        // To the thread pool.
        Execute(ref state, state.Backlog);
        state.Backlog = 0;

        _successors.Add(state);
    }
}
