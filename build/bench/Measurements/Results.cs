namespace Bench.Measurements;

/// <summary>All runs, and what they say together.</summary>
internal sealed class Results(IReadOnlyList<RunResult> runs, string baseline)
{
    public IReadOnlyList<RunResult> Runs { get; } = runs;

    /// <summary>The server that ratios are to.</summary>
    public string Baseline { get; } = baseline;

    /// <summary>What went wrong in single runs.</summary>
    public IReadOnlyList<string> Problems =>
        [.. Runs.SelectMany(run => run.Measurement.Problems
            .Select(problem => $"{run.Case} on {run.Server}, round {run.Round}: {problem}"))];

    /// <summary>What was measured, round by round.</summary>
    public IEnumerable<double> Values(string benchCase, string server, Metric metric) =>
        Of(benchCase, server).Select(run => ValueOf(run, metric)).OfType<double>();

    /// <summary>The median of all rounds; null where nothing was measured.</summary>
    public double? Median(string benchCase, string server, Metric metric) =>
        Statistics.Median.Of(Values(benchCase, server, metric));

    /// <summary>
    /// The median of the ratios to the baseline, each taken within a round: what disturbs the machine for a while
    /// disturbs both sides of the pair.
    /// </summary>
    public double? Ratio(string benchCase, string server, Metric metric) =>
        Ratio(benchCase, (server, metric), (Baseline, metric));

    /// <summary>The same of any two servers and what was measured on each.</summary>
    public double? Ratio(string benchCase, (string Server, Metric Metric) of, (string Server, Metric Metric) to)
    {
        var bases = Of(benchCase, to.Server).ToDictionary(run => run.Round, run => ValueOf(run, to.Metric));
        return Statistics.Median.Of(Of(benchCase, of.Server)
            .Select(run => ValueOf(run, of.Metric) / bases.GetValueOrDefault(run.Round))
            .OfType<double>()
            .Where(double.IsFinite));
    }

    public bool Contains(string benchCase, string server) => Of(benchCase, server).Any();

    private static double? ValueOf(RunResult run, Metric metric) =>
        run.Measurement.Values.TryGetValue(metric, out var value) ? value : null;

    private IEnumerable<RunResult> Of(string benchCase, string server) =>
        Runs.Where(run => run.Case == benchCase && run.Server == server);
}
