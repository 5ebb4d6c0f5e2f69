namespace Kqueue.Tests.EventLoops.Model;

/// <summary>How large a model is, and what may happen in it.</summary>
internal sealed record Scenario
{
    public required int Events { get; init; }

    public int Work { get; init; }

    public int HandOvers { get; init; }

    /// <summary>Whether handlers put work off.</summary>
    public bool Defers { get; init; }

    /// <summary>Whether a handler may give its loop away.</summary>
    public bool GivesAway { get; init; }

    /// <summary>Whether all events are of one registration.</summary>
    public bool OneRegistration { get; init; }

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

    /// <summary>The entry is read from the list after the claim.</summary>
    ReadsAfterTheClaim,

    /// <summary>A driver whose epoch is over goes on.</summary>
    IgnoresTheEpoch,

    /// <summary>The driver looks at the posted work only before it announces the wait.</summary>
    LooksBeforeAnnouncingTheWait,

    /// <summary>A poster looks for a waiting driver before it adds its work.</summary>
    LooksForTheDriverBeforeAdding,

    /// <summary>The flag of the wake is lowered before the wait and not after it.</summary>
    NeverLowersTheWake,

    /// <summary>The look at the wake's flag misses that of a wake which the kernel has delivered.</summary>
    MissesADeliveredWake,

    /// <summary>Who puts work off does not look afterwards whether it has lost the loop.</summary>
    OwesWithoutLookingAtTheEpoch,

    /// <summary>A driver waits for events with work that the loop owes.</summary>
    WaitsWithOwedWork,

    /// <summary>What the loop owes is claimed, but run from a list of the driver's own.</summary>
    KeepsOwedWorkWithTheDriver,

    /// <summary>What a driver runs is written after the claim.</summary>
    TellsWhatItRunsAfterTheClaim,

    /// <summary>Events that were held for a driver are not posted again.</summary>
    ForgetsWhatWasHeld,

    /// <summary>The loop is taken from a driver that the kernel has not run yet.</summary>
    TakesFromADriverThatHasNotBegun,

    /// <summary>A hand-over does not look whose epoch the driver at hand has.</summary>
    TakesFromTheDriverBefore,

    /// <summary>The watch parks without looking at the word again.</summary>
    ParksWithoutLookingAgain,

    /// <summary>A poster does not look whether the loop has ended.</summary>
    PostsToAnEndedLoop,
}
