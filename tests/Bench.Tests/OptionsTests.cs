using Bench.Cases;
using Bench.Runs;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>What is measured when nobody says what, and how long that takes.</summary>
public sealed class OptionsTests
{
    private static readonly BenchOptions s_defaults =
        new(Cases: null, Servers: null, Processes: 6, Windows: 2, TimeSpan.FromSeconds(1), Output: "")
        {
            CommandLine = "",
        };

    [Fact]
    public void Default_EveryCase_ComparesTheTransportWithTheBaseline() => Assert.All(
        CaseCatalog.All.Select(benchCase => NamesOf(s_defaults, benchCase.Name)),
        names => Assert.Equal([ServerCatalog.Baseline, ServerCatalog.Main],
            names.Where(name => name is ServerCatalog.Baseline or ServerCatalog.Main)));

    // A command that takes longer is not run.
    [Fact]
    public void Default_AllCases_TakeAnHourAndAHalf()
    {
        var time = s_defaults.Processes * s_defaults.ChosenCases.Aggregate(
            TimeSpan.Zero,
            (sum, benchCase) => sum + CaseSession.TimeOf(benchCase, s_defaults.ServersOf(benchCase), s_defaults));

        Assert.InRange(time.TotalMinutes, 60, 110);
    }

    [Theory]
    [InlineData("hello", new[] { "inline", "epoll" })]
    [InlineData("json", new[] { "inline" })]
    [InlineData("proxy", new string[0])]
    public void Servers_OneThatCannotAnswer_IsLeftOut(string name, string[] expected) =>
        Assert.Equal(expected, NamesOf(s_defaults with { Servers = ["epoll", "inline"] }, name));

    [Fact]
    public void Catalogs_Names_AreDistinct()
    {
        Assert.Distinct(CaseCatalog.All.Select(benchCase => benchCase.Name));
        Assert.Distinct(ServerCatalog.All.Select(server => server.Name));
    }

    private static string[] NamesOf(BenchOptions options, string name) =>
    [
        .. options.ServersOf(CaseCatalog.All.Single(benchCase => benchCase.Name == name))
            .Select(server => server.Name),
    ];
}
