using System.Diagnostics.CodeAnalysis;

namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Where the driver of a loop stands: what it does next.</summary>
internal enum ReserveStep : byte
{
    /// <summary>Asks whether a handler may run on the loop.</summary>
    Ask,

    /// <summary>Was told that it may, and runs one.</summary>
    Begin,

    /// <summary>Is stuck in a handler, and has the loop.</summary>
    Stuck,
}

/// <summary>What is wrong in a model of the reserve that must not pass.</summary>
public enum ReserveFlaw
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Handlers run on the loops whatever is left.</summary>
    RunsWithoutAsking,

    /// <summary>Offloaded work takes any thread that is left.</summary>
    OffloadsFromTheReserve,

    /// <summary>One thread less than there are loops is kept.</summary>
    KeepsOneLess,
}

/// <summary>How many there are of everything.</summary>
/// <param name="LoopCount">Loops, three at most.</param>
/// <param name="StandbyMax">Threads beyond one for each loop.</param>
internal sealed record ReserveScenario(int LoopCount, int StandbyMax)
{
    /// <summary>What is wrong.</summary>
    public ReserveFlaw Flaw { get; init; }
}

/// <summary>Everything that can differ between two moments of the model of the reserve.</summary>
internal record struct ReserveState
{
    private ReserveStep _first;
    private ReserveStep _second;
    private ReserveStep _third;

    /// <summary>Threads that do not stand by: those that drive, that were left behind, or that run work.</summary>
    public byte Busy;

    /// <summary>How many of them have lost their loops, and are still in their handlers.</summary>
    public byte LeftBehind;

    /// <summary>How many of them run offloaded work.</summary>
    public byte Offloaded;

    [UnscopedRef]
    public ref ReserveStep Driver(int loop)
    {
        switch (loop)
        {
            case 0:
                return ref _first;
            case 1:
                return ref _second;
            default:
                return ref _third;
        }
    }
}
