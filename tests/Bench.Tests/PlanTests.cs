using Bench.Cases;
using Bench.Runs;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>The order of the runs.</summary>
public sealed class PlanTests
{
    private static readonly BenchOptions s_defaults =
        Options() with { Duration = TimeSpan.FromSeconds(2), Warmup = TimeSpan.FromSeconds(3) };

    [Fact]
    public void Plan_Default_RunsEveryCaseOnTheBaselineInEveryRound()
    {
        var plan = Plan.Of(Options()).ToLookup(run => (run.Case.Name, run.Server.Name));

        Assert.All(CaseCatalog.All, benchCase =>
            Assert.Equal([1, 2, 3], plan[(benchCase.Name, ServerCatalog.Baseline)].Select(run => run.Round)));
    }

    [Fact]
    public void Plan_Default_FollowsEachOtherPerCaseAndTurns()
    {
        PlannedRun[] plan = [.. Plan.Of(Options(cases: ["json"], servers: ["sockets", "adaptive"]))];

        Assert.Equal(
            ["sockets", "adaptive", "adaptive", "sockets", "sockets", "adaptive"], plan.Select(run => run.Server.Name));
        Assert.Equal([1, 1, 2, 2, 3, 3], plan.Select(run => run.Round));
    }

    // A command that takes longer is not run.
    [Fact]
    public void Plan_Default_TakesLessThanHalfAnHour()
    {
        var time = Plan.Of(s_defaults).Aggregate(TimeSpan.Zero, (sum, run) => sum + Plan.TimeOf(run, s_defaults));

        Assert.InRange(time.TotalMinutes, 1, 30);
    }

    [Fact]
    public void WarmupOf_ServerThatIsCompiled_IsShort()
    {
        var servers = ServerCatalog.All.ToLookup(server => server.Name);

        var usual = CaseOf("hello");
        var longer = CaseOf("hello-core");

        Assert.Equal(s_defaults.Warmup, s_defaults.WarmupOf(servers[ServerCatalog.Main].Single(), usual));
        Assert.True(s_defaults.WarmupOf(servers[ServerCatalog.Main].Single(), longer) > s_defaults.Warmup);
        Assert.All(
            new[] { usual, longer },
            benchCase => Assert.Equal(
                TimeSpan.FromSeconds(1), s_defaults.WarmupOf(servers["epoll"].Single(), benchCase)));

        static BenchCase CaseOf(string name) => CaseCatalog.All.Single(benchCase => benchCase.Name == name);
    }

    [Fact]
    public void Plan_ServerThatCannotAnswer_IsLeftOut()
    {
        var plan = Plan.Of(Options(cases: ["json", "tls", "download"], servers: ["epoll"]));

        Assert.Empty(plan);
    }

    [Fact]
    public void Catalogs_Names_AreDistinct()
    {
        Assert.Distinct(CaseCatalog.All.Select(benchCase => benchCase.Name));
        Assert.Distinct(ServerCatalog.All.Select(server => server.Name));
    }

    private static BenchOptions Options(string[]? cases = null, string[]? servers = null) =>
        new(cases, servers, Rounds: 3, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), Output: "")
        {
            CommandLine = "",
        };
}
