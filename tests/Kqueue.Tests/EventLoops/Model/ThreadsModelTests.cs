namespace Kqueue.Tests.EventLoops.Model;

/// <summary>Every interleaving of calling, standing by, leaving and stopping, for small sizes.</summary>
public sealed class ThreadsModelTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, ThreadsScenario> s_scenarios = new()
    {
        // Nobody wakes by himself, so that a call that is lost shows.
        ["threads that stay"] = new(Work: 3, TakenForNothing: 2, Timeouts: 0, Stops: false),
        ["threads that leave"] = new(Work: 3, TakenForNothing: 1, Timeouts: 2, Stops: false),
        ["a stop"] = new(Work: 2, TakenForNothing: 1, Timeouts: 1, Stops: true),
        ["work that waits"] = new(Work: 4, TakenForNothing: 2, Timeouts: 1, Stops: false) { OffloadMax = 1 },
        ["work that waits for too long"] =
            new(Work: 3, TakenForNothing: 1, Timeouts: 1, Stops: false) { OffloadMax = 1, Overdue = 2 },
        ["a stop while work waits for too long"] =
            new(Work: 3, TakenForNothing: 0, Timeouts: 1, Stops: true) { OffloadMax = 1, Overdue = 2 },
        ["a stop while work waits"] = new(Work: 3, TakenForNothing: 1, Timeouts: 1, Stops: true) { OffloadMax = 1 },
    };

    public static TheoryData<string> Scenarios => [.. s_scenarios.Keys];

    public static TheoryData<ThreadsFlaw, string> Flaws => new()
    {
        { ThreadsFlaw.SleepsWithoutLooking, "threads that stay" },
        { ThreadsFlaw.LeavesWithoutAsking, "threads that leave" },
        { ThreadsFlaw.StandsByAfterTheStop, "a stop" },
        { ThreadsFlaw.PutsBackWithoutDismissing, "a stop" },
        { ThreadsFlaw.StandsByBesideWork, "work that waits" },
        { ThreadsFlaw.LeavesWorkThatItRuns, "work that waits for too long" },
    };

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Threads_EveryInterleaving_RunAllWorkOnceAndEnd(string name)
    {
        var exploration = new Exploration<ThreadsState>(new ThreadsModel(s_scenarios[name]));

        exploration.Run();

        output.WriteLine($"{name}: {exploration.StateCount} states, {exploration.EndCount} ends");
        Assert.True(exploration.EndCount > 0, "No run ends: nothing was checked at the end.");
    }

    [Theory]
    [MemberData(nameof(Flaws))]
    public void Threads_WithAFlaw_AreCaught(ThreadsFlaw flaw, string scenario)
    {
        var exploration = new Exploration<ThreadsState>(
            new ThreadsModel(s_scenarios[scenario] with { Flaw = flaw }));

        output.WriteLine(Assert.Throws<ProtocolViolationException>(exploration.Run).Message);
    }
}
