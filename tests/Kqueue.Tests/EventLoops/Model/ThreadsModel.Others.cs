using Kqueue.EventLoops;
using static Kqueue.Tests.EventLoops.Model.ProtocolViolationException;

namespace Kqueue.Tests.EventLoops.Model;

/// <content>Who needs threads, the extra ones, and the stop.</content>
internal sealed partial class ThreadsModel
{
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
        if (state.OverdueLeft > 0 && state.Backlog != 0)
        {
            state.Extra(state.OverdueLeft).Step = ExtraStep.TakeFirst;
            state.OverdueLeft--;
            _successors.Add(state);
        }
    }

    /// <summary>LoopThreads.RunExtra and TakeForExtra.</summary>
    private void StepExtra(ThreadsState state, int number)
    {
        ref var extra = ref state.Extra(number);
        if (extra.Step == ExtraStep.None)
        {
            return;
        }

        if (extra.Step == ExtraStep.Run)
        {
            Execute(ref state, (byte)(1 << extra.Own));
            state.Backlog &= (byte)~(1 << extra.Own);
            extra.Step = ExtraStep.TakeNext;
            extra.Own = 0;
        }
        else
        {
            // Those of the group are enough once one of them is back.
            var mayTake = extra.Step == ExtraStep.TakeFirst || !extra.IsRelieved;
            extra.Own = mayTake ? TakeNewest(ref state) : (byte)0;
            extra.Step = extra.Own == 0 ? ExtraStep.None : ExtraStep.Run;
            if (scenario.Flaw == ThreadsFlaw.LeavesWorkThatItRuns && extra.Own != 0)
            {
                state.Backlog |= (byte)(1 << extra.Own);
            }

            extra.IsRelieved = false;
        }

        _successors.Add(state);
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
