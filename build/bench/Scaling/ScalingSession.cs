using Bench.Machine;
using Bench.Measurements;
using Bench.Reports;
using Bench.Runs;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Scaling;

/// <summary>Measures series and reports how cost grows.</summary>
/// <param name="options">What the command line asks for.</param>
/// <param name="names">The names of the series; null for all.</param>
internal sealed class ScalingSession(BenchOptions options, IReadOnlyList<string>? names)
{
    /// <summary>Runs, shows and writes.</summary>
    /// <returns>The exit code: 1 when a run had problems.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var tools = new LoadTools();
        PlannedRun[] plan = [.. PlanRuns()];
        var runner = new Runner(options, tools, new RunProgress(Terminal.Open(), plan, options));
        var results = new Results(await runner.RunAsync(plan, cancellation), ServerCatalog.Baseline);
        ScalingSeries[] measured =
            [.. ScalingCatalog.All.Where(series => ScalingReport.HasPoints(series, results))];
        var report = new Report(
            "How cost grows",
            options.CommandLine,
            await MachineFacts.CollectAsync(tools, cancellation),
            [.. measured.Select(series => ScalingReport.TableOf(series, results))],
            [.. measured.Select(series => ScalingReport.ChartOf(series, results))])
        {
            Method = options.Method,
            Problems = results.Problems,
        };
        return report.Publish(Console.Out, options.Output, "scaling.md");
    }

    private IEnumerable<PlannedRun> PlanRuns() =>
        from round in Enumerable.Range(1, options.Rounds)
        from series in ScalingCatalog.All
        where names?.Contains(series.Name) ?? true
        from point in series.Points
        from server in ServerCatalog.All
        where options.Servers?.Contains(server.Name) ?? series.Servers.Contains(server.Name)
        where server.IsWebApp
        select new PlannedRun(point.Case, server, round);
}
