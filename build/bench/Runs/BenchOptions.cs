using Bench.Cases;
using Bench.Servers;

namespace Bench.Runs;

/// <summary>What the command line asks for.</summary>
/// <param name="Cases">The names of the cases; null for all.</param>
/// <param name="Servers">The names of the servers; null for those that each case compares by default.</param>
/// <param name="Rounds">How often each case is run on each server.</param>
/// <param name="Duration">How long a server is measured.</param>
/// <param name="Warmup">How long a server that warms up is loaded before.</param>
/// <param name="Output">The folder of the report.</param>
internal sealed record BenchOptions(
    IReadOnlyList<string>? Cases,
    IReadOnlyList<string>? Servers,
    int Rounds,
    TimeSpan Duration,
    TimeSpan Warmup,
    string Output)
{
    // Of a server that is compiled: it only has to open its connections.
    private static readonly TimeSpan s_coldWarmup = TimeSpan.FromSeconds(1);

    /// <summary>The command that asks for the same again.</summary>
    public required string CommandLine { get; init; }

    /// <summary>A document that gets the summary, between its marks; null for none.</summary>
    public string? Summary { get; init; }

    /// <summary>How long a server is loaded before a case is measured.</summary>
    public TimeSpan WarmupOf(BenchServer server, BenchCase benchCase) =>
        server.WarmsUp ? Warmup + benchCase.MoreWarmup
        : Warmup < s_coldWarmup ? Warmup
        : s_coldWarmup;

    /// <summary>How it is measured, for the report.</summary>
    public string Method =>
        $"Medians of {Rounds} rounds; ratios pair by pair within a round; for every run a fresh process, which is " +
        $"loaded for {Warmup.TotalSeconds} s or more, at first slowly, before it is measured for " +
        $"{Duration.TotalSeconds} s.";
}
