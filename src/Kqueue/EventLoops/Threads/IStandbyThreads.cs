using Kqueue.EventLoops.Driving;

namespace Kqueue.EventLoops.Threads;

/// <summary>The threads that go on with a loop when its driver gives it away or loses it.</summary>
internal interface IStandbyThreads
{
    /// <summary>Whether one more driver may leave its loop by itself. Costs a look at a field.</summary>
    bool CanLeaveBehind { get; }

    /// <summary>Takes a thread for a loop; null when there is none.</summary>
    /// <param name="isForced">Whether the loop's driver is stuck, so that the loop stays with it otherwise.</param>
    IStandbyThread? Take(bool isForced);
}

/// <summary>A thread that was taken to drive a loop.</summary>
internal interface IStandbyThread
{
    /// <summary>Gives it the loop.</summary>
    void Drive(LoopDriver driver);

    /// <summary>It was taken for nothing, and stands by again or ends.</summary>
    void GiveBack();
}
