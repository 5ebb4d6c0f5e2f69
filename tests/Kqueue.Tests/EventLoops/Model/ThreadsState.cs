using System.Diagnostics.CodeAnalysis;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Where a thread stands: what it does next. Each step is one hold of one lock.</summary>
internal enum ThreadStep : byte
{
    None,
    LookForCall,
    Asleep,
    LookAgain,
    TryLeave,
    Run,
    StandBy,
    Left,
}

/// <summary>Where somebody stands who needs a thread.</summary>
internal enum CallerStep : byte
{
    Take,
    Make,
    Assign,
    PutBack,
    Dismiss,
    Done,
}

/// <summary>Where an extra thread stands, which is started because work has waited for too long.</summary>
internal enum ExtraStep : byte
{
    None,
    TakeFirst,
    Run,
    TakeNext,
}

/// <summary>What is wrong in a model of the threads that must not pass.</summary>
public enum ThreadsFlaw
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A thread goes to sleep without looking whether it has been called.</summary>
    SleepsWithoutLooking,

    /// <summary>A thread that slept for long ends although somebody has just taken it.</summary>
    LeavesWithoutAsking,

    /// <summary>A thread stands by although the group has stopped.</summary>
    StandsByAfterTheStop,

    /// <summary>A thread that comes back, or is put back, stands by although work waits for one.</summary>
    StandsByBesideWork,

    /// <summary>A thread that was taken for nothing is left to itself when the group has stopped meanwhile.</summary>
    PutsBackWithoutDismissing,

    /// <summary>An extra thread leaves the work that it takes among that which waits, until it is done.</summary>
    LeavesWorkThatItRuns,
}

/// <summary>How many need threads, and what may happen meanwhile.</summary>
/// <param name="Work">Pieces of work that one caller offloads, one after the other.</param>
/// <param name="TakenForNothing">How often the watch takes a thread and finds that it needs none.</param>
/// <param name="Timeouts">How often each thread may have slept for long enough to end.</param>
/// <param name="Stops">Whether the group stops meanwhile.</param>
internal sealed record ThreadsScenario(int Work, int TakenForNothing, int Timeouts, bool Stops)
{
    /// <summary>How many threads offloaded work may have; the watch may have one more.</summary>
    public int OffloadMax { get; init; } = 2;

    /// <summary>How often work waits for too long, and an extra thread is started for it.</summary>
    public int Overdue { get; init; }

    /// <summary>What is wrong.</summary>
    public ThreadsFlaw Flaw { get; init; }
}

/// <summary>A thread's own memory: what was given to it, and what it has taken of that.</summary>
internal record struct ModelThread(
    ThreadStep Step, bool IsCalled, byte Given, byte Own, bool IsPulsed, byte TimeoutsLeft);

/// <summary>
/// An extra thread's memory: the work that it runs, and whether a thread of the group has come back meanwhile.
/// </summary>
internal record struct ModelExtra(ExtraStep Step, byte Own, bool IsRelieved);

/// <summary>
/// Somebody who needs a thread: how many are still to be had, the one that is held, counted from 1, and what it is
/// given.
/// </summary>
internal record struct ModelCaller(CallerStep Step, byte Left, byte Holds, byte Gives = 0);

/// <summary>Everything that can differ between two moments of the model of the threads.</summary>
internal record struct ThreadsState
{
    private ModelThread _first;
    private ModelThread _second;
    private ModelThread _third;
    private ModelExtra _firstExtra;
    private ModelExtra _secondExtra;

    /// <summary>Offloads work.</summary>
    public ModelCaller Offloader;

    /// <summary>Takes threads and puts them back.</summary>
    public ModelCaller Watch;

    // The threads that stand by, counted from 1: two digits of four bits, the last one first.
    public byte Standby;
    public byte Count;
    public bool IsStopped;
    public byte OverdueLeft;

    // By the bit of the work.
    public byte Backlog;
    public byte Accepted;
    public byte Executed;

    [UnscopedRef]
    public ref ModelThread Thread(int number)
    {
        switch (number)
        {
            case 1:
                return ref _first;
            case 2:
                return ref _second;
            default:
                return ref _third;
        }
    }

    [UnscopedRef]
    public ref ModelExtra Extra(int number)
    {
        if (number == 1)
        {
            return ref _firstExtra;
        }

        return ref _secondExtra;
    }
}
