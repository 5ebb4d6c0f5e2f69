using System.Net;
using Bench.Cases;
using Bench.Servers;
using Bench.Statistics;

namespace Bench.Runs;

/// <summary>What the command line asks for.</summary>
/// <param name="Cases">The names of the cases; null for all.</param>
/// <param name="Servers">The names of the servers; null for those that each case compares by default.</param>
/// <param name="Processes">How many processes of each server, one in each pass through the cases.</param>
/// <param name="Windows">How often each process is measured.</param>
/// <param name="Duration">How long a window is.</param>
/// <param name="Output">The folder of the report.</param>
internal sealed record BenchOptions(
    IReadOnlyList<string>? Cases,
    IReadOnlyList<string>? Servers,
    int Processes,
    int Windows,
    TimeSpan Duration,
    string Output)
{
    /// <summary>The command that asks for the same again.</summary>
    public required string CommandLine { get; init; }

    /// <summary>A document that gets the summary, between its marks; null for none.</summary>
    public string? Summary { get; init; }

    /// <summary>The folder of a report that this one is compared with; null for none.</summary>
    public string? Earlier { get; init; }

    /// <summary>The machine of the client, as ssh knows it; null for this one.</summary>
    public string? Client { get; init; }

    /// <summary>The client's threads; null for half of this machine's processors.</summary>
    public int? ClientThreads { get; init; }

    /// <summary>Where the servers listen.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The cases, in their order.</summary>
    public IReadOnlyList<BenchCase> ChosenCases =>
        [.. CaseCatalog.All.Where(benchCase => Cases?.Contains(benchCase.Name) ?? true)];

    /// <summary>How it is measured, for the report.</summary>
    public string Method =>
        "All servers of a case are alive at the same time, and warm: nothing is left to compile. Then come windows " +
        $"of {Duration.TotalSeconds} s, {Windows} for each process, in rounds: one of each server, in random order. " +
        $"The list of cases is gone through {Processes} times, with new processes. A ratio is the geometric mean of " +
        $"the pairs of a round; behind ± is its {Ratio.Percent} interval, where the same command finds it again; the " +
        "pairs of two processes count as one for it.";

    /// <summary>How the servers of a case are started.</summary>
    public ServerSetting SettingOf(BenchCase benchCase) => benchCase.Setting with { Address = Address };

    /// <summary>
    /// The servers of a case, in the order of the catalog. samples/Proxy listens for its own machine only.
    /// </summary>
    public IReadOnlyList<BenchServer> ServersOf(BenchCase benchCase) =>
        [.. ServerCatalog.All
            .Where(server => server.Missing is null && benchCase.Suits(server))
            .Where(_ => Client is null || !benchCase.Setting.IsProxy)
            .Where(server => (Servers ?? benchCase.Servers).Contains(server.Name))];
}
