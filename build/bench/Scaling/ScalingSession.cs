using Bench.Cases;
using Bench.Reports;
using Bench.Runs;
using Bench.Servers;

namespace Bench.Scaling;

/// <summary>Measures series and reports how cost grows.</summary>
internal static class ScalingSession
{
    /// <summary>Measures, shows and writes.</summary>
    /// <param name="options">What the command line asks for.</param>
    /// <param name="names">The names of the series; null for all.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>The exit code: 1 when something failed.</returns>
    public static async Task<int> RunAsync(
        BenchOptions options, IReadOnlyList<string>? names, CancellationToken cancellation)
    {
        var plan =
            from series in ScalingCatalog.All
            where names?.Contains(series.Name) ?? true
            from point in series.Points
            select (point.Case, options.ServersOf(point.Case));
        var (results, facts) = await BenchSession.MeasureAsync(options, [.. plan], cancellation);
        ScalingSeries[] measured =
            [.. ScalingCatalog.All.Where(series => ScalingReport.HasPoints(series, results))];
        var report = new Report(
            "How cost grows",
            options.CommandLine,
            facts,
            [.. measured.Select(series => ScalingReport.TableOf(series, results))],
            [.. measured.Select(series => ScalingReport.ChartOf(series, results))])
        {
            Method = options.Method,
            Problems = results.Problems,
        };
        return report.Publish(Console.Out, options.Output, "scaling.md");
    }
}
