namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Every interleaving of the claim protocol, for small sizes.</summary>
public sealed class ClaimModelTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Scenario> s_scenarios = new()
    {
        ["three events, two hand-overs"] = new() { Events = 3, HandOvers = 2 },
        ["two events that defer, two hand-overs"] = new() { Events = 2, HandOvers = 2, Defers = true },
        ["handlers that never return"] = new() { Events = 3, HandOvers = 2, Defers = true, Blocks = true },
        ["an event and two posts"] = new() { Events = 1, Work = 2, HandOvers = 1 },
        ["two hand-overs and a post"] = new() { Events = 0, Work = 1, HandOvers = 2 },
        ["a watch that parks"] = new() { Events = 2, Work = 1, HandOvers = 1, Blocks = true, Parks = true },
        ["a post while the loop stops"] = new() { Events = 1, Work = 1, HandOvers = 1, Stops = true },
    };

    public static TheoryData<string> Scenarios => [.. s_scenarios.Keys];

    public static TheoryData<Flaw, string> Flaws => new()
    {
        { Flaw.ReadsAfterTheClaim, "three events, two hand-overs" },
        { Flaw.IgnoresTheEpoch, "three events, two hand-overs" },
        { Flaw.LooksBeforeAnnouncingTheWait, "an event and two posts" },
        { Flaw.LooksForTheDriverBeforeAdding, "an event and two posts" },
        { Flaw.NeverLowersTheWake, "an event and two posts" },
        { Flaw.DefersWithoutLookingAtTheEpoch, "handlers that never return" },
        { Flaw.HandsOverWithoutTakingTheDeferred, "handlers that never return" },
        { Flaw.WaitsWithDeferredWork, "two events that defer, two hand-overs" },
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
