using Bench.Cases;
using Bench.Statistics;

namespace Bench.Measurements;

/// <summary>All windows, and what they say together.</summary>
internal sealed class Results(IReadOnlyList<WindowResult> windows, string baseline)
{
    /// <summary>An interval whose ends are this far from the ratio, as a share of it, says little.</summary>
    public const double ErrorMax = 0.15;

    /// <summary>From here on the client, and not the server, may be what limits a rate.</summary>
    public const double ClientLimit = 0.95;

    /// <summary>Below that, something else than the processors limits a rate.</summary>
    public const double BusyMin = 0.85;

    /// <summary>What is compiled in a second all the same, seen here: a method now and then, as load changes.</summary>
    public const int CompiledMax = 60;

    public IReadOnlyList<WindowResult> Windows { get; } = windows;

    /// <summary>The server that ratios are to.</summary>
    public string Baseline { get; } = baseline;

    /// <summary>What went wrong, with how often.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. Windows.SelectMany(window => window.Measurement.Problems
            .Select(problem => $"{window.Case} on {window.Server}: {problem}"))
            .CountBy(problem => problem)
            .Select(entry => entry.Value == 1 ? entry.Key : $"{entry.Key} ({entry.Value} windows)"),
    ];

    /// <summary>The mean of all windows; null where nothing was measured.</summary>
    public double? Mean(string benchCase, string server, Metric metric)
    {
        double[] values = [.. Of(benchCase, server).Select(window => ValueOf(window, metric)).OfType<double>()];
        return values.Length == 0 ? null : values.Average();
    }

    /// <summary>The mean of each process's windows.</summary>
    public IEnumerable<double> MeansOfProcesses(string benchCase, string server, Metric metric) =>
        from window in Of(benchCase, server)
        let value = ValueOf(window, metric)
        where value is not null
        group value.Value by window.Process into process
        select process.Average();

    /// <summary>
    /// The ratio to the baseline, from pairs of windows of the same round: what disturbs the machine for a while
    /// disturbs both sides of the pair.
    /// </summary>
    public Ratio? RatioOf(string benchCase, string server, Metric metric)
    {
        var bases = Of(benchCase, Baseline).ToDictionary(window => window.Round, window => ValueOf(window, metric));
        return Ratio.Of(
            from window in Of(benchCase, server)
            let ratio = ValueOf(window, metric) / bases.GetValueOrDefault(window.Round)
            where ratio is not null
            select (window.Process, ratio.Value));
    }

    /// <summary>What is wrong with a ratio; a rate depends on more than other figures do.</summary>
    public Mark MarksOf(BenchCase benchCase, string server, Metric metric)
    {
        var marks = Mark.None;
        if (RatioOf(benchCase.Name, server, metric) is { Error: > ErrorMax, Low: < 2, High: > 0.5 })
        {
            marks |= Mark.Wide;
        }

        foreach (var side in (string[])[server, Baseline])
        {
            if (Of(benchCase.Name, side).Any(window => window.Measurement.Problems.Count > 0))
            {
                marks |= Mark.Failed;
            }

            if (Mean(benchCase.Name, side, Metric.Compiled) > CompiledMax)
            {
                marks |= Mark.Cold;
            }

            if (metric == Metric.RequestRate && benchCase.Saturates)
            {
                marks |= Mean(benchCase.Name, side, Metric.ClientCpu) >= ClientLimit ? Mark.Client
                    : Mean(benchCase.Name, side, Metric.Busy) < BusyMin ? Mark.Idle
                    : Mark.None;
            }
        }

        return marks;
    }

    public bool Contains(string benchCase, string server) => Of(benchCase, server).Any();

    private static double? ValueOf(WindowResult window, Metric metric) =>
        window.Measurement.Values.TryGetValue(metric, out var value) ? value : null;

    private IEnumerable<WindowResult> Of(string benchCase, string server) =>
        Windows.Where(window => window.Case == benchCase && window.Server == server);
}
