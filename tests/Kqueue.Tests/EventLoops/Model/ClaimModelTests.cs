namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Every interleaving of the claim protocol, for small sizes.</summary>
public sealed class ClaimModelTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Scenario> s_scenarios = new()
    {
        ["an event, two hand-overs"] = new() { Events = 1, HandOvers = 2 },
        ["three events"] = new() { Events = 3, HandOvers = 1 },
        ["two events that defer"] = new() { Events = 2, HandOvers = 1, Defers = true },
        ["a handler that never returns"] = new() { Events = 1, HandOvers = 1, Defers = true, Blocks = true },
        ["a loop that is given away"] = new() { Events = 1, HandOvers = 2, GivesAway = true },
        ["one registration"] = new() { Events = 2, HandOvers = 1, OneRegistration = true, Blocks = true },
        ["one registration that gives away"] = new()
        {
            Events = 2,
            HandOvers = 1,
            OneRegistration = true,
            GivesAway = true,
        },
        ["two posts"] = new() { Events = 0, Work = 2, HandOvers = 1 },
        ["two hand-overs and a post"] = new() { Events = 0, Work = 1, HandOvers = 2 },
        ["a watch that parks"] = new() { Events = 2, Work = 1, HandOvers = 1, Blocks = true, Parks = true },
        ["a post while the loop stops"] = new() { Events = 1, Work = 1, HandOvers = 1, Stops = true },
        ["a loop that owes stops"] = new() { Events = 1, HandOvers = 1, Defers = true, Stops = true },
    };

    public static TheoryData<string> Scenarios => [.. s_scenarios.Keys];

    public static TheoryData<Flaw, string> Flaws => new()
    {
        { Flaw.ReadsAfterTheClaim, "three events" },
        { Flaw.IgnoresTheEpoch, "three events" },
        { Flaw.LooksBeforeAnnouncingTheWait, "two posts" },
        { Flaw.LooksForTheDriverBeforeAdding, "two posts" },
        { Flaw.NeverLowersTheWake, "two posts" },
        { Flaw.MissesADeliveredWake, "two posts" },
        { Flaw.OwesWithoutLookingAtTheEpoch, "a handler that never returns" },
        { Flaw.WaitsWithOwedWork, "two events that defer" },
        { Flaw.KeepsOwedWorkWithTheDriver, "a handler that never returns" },
        { Flaw.TellsWhatItRunsAfterTheClaim, "one registration" },
        { Flaw.ForgetsWhatWasHeld, "one registration that gives away" },
        { Flaw.TakesFromADriverThatHasNotBegun, "an event, two hand-overs" },
        { Flaw.TakesFromTheDriverBefore, "a loop that is given away" },
        { Flaw.ParksWithoutLookingAgain, "a watch that parks" },
        { Flaw.PostsToAnEndedLoop, "a post while the loop stops" },
    };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Protocol_EveryInterleaving_LosesNothingAndHasOneDriver(string name)
    {
        var exploration = new Exploration<ModelState>(new ClaimModel(s_scenarios[name]));

        exploration.Run();

        output.WriteLine($"{name}: {exploration.StateCount} states, {exploration.EndCount} ends");
        Assert.True(exploration.EndCount > 0, "No run ends: nothing was checked at the end.");
    }

    [Theory]
    [MemberData(nameof(Flaws))]
    public void Protocol_WithAFlaw_IsCaught(Flaw flaw, string scenario)
    {
        var exploration = new Exploration<ModelState>(new ClaimModel(s_scenarios[scenario] with { Flaw = flaw }));

        output.WriteLine(Assert.Throws<ProtocolViolationException>(exploration.Run).Message);
    }
}
