namespace Kqueue.Tests.EventLoops.Model;

/// <summary>How large a model is, and what may happen in it.</summary>
internal sealed record Scenario
{
    public required int Events { get; init; }

    public int Work { get; init; }

    public int HandOvers { get; init; }

    /// <summary>Whether handlers defer work.</summary>
    public bool Defers { get; init; }

    /// <summary>Whether a handler may stay for ever.</summary>
    public bool Blocks { get; init; }

    public bool Parks { get; init; }

    public bool Stops { get; init; }

    public Flaw Flaw { get; init; }
}

/// <summary>What is wrong in a model that must not pass.</summary>
public enum Flaw
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The event is read from the list after the claim.</summary>
    ReadsAfterTheClaim,

    /// <summary>A driver whose epoch is over goes on.</summary>
    IgnoresTheEpoch,

    /// <summary>The driver looks at the work queue only before it announces the wait.</summary>
    LooksBeforeAnnouncingTheWait,

    /// <summary>A poster looks for a waiting driver before it adds its work.</summary>
    LooksForTheDriverBeforeAdding,

    /// <summary>The flag of the wake is lowered before the wait and not after it.</summary>
    NeverLowersTheWake,

    /// <summary>Deferring does not look at the epoch afterwards.</summary>
    DefersWithoutLookingAtTheEpoch,

    /// <summary>The hand-over leaves deferred work to the handler.</summary>
    HandsOverWithoutTakingTheDeferred,

    /// <summary>A driver enters the wait with work that is put off.</summary>
    WaitsWithDeferredWork,

    /// <summary>The watch parks without looking at the word again.</summary>
    ParksWithoutLookingAgain,

    /// <summary>A poster does not look whether the loop has ended.</summary>
    PostsToAnEndedLoop,
}
