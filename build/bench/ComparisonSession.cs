using Bench.Machine;
using Bench.Measurements;
using Bench.Reports;
using Bench.Runs;
using Bench.Servers;
using Bench.Tools;

namespace Bench;

/// <summary>Compares the servers by the cases and reports it.</summary>
internal sealed class ComparisonSession(BenchOptions options)
{
    /// <summary>Runs, shows and writes.</summary>
    /// <returns>The exit code: 1 when a run had problems.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var tools = new LoadTools();
        PlannedRun[] plan = [.. Plan.Of(options)];
        var runner = new Runner(options, tools, new RunProgress(Terminal.Open(), plan, options));
        var results = new Results(await runner.RunAsync(plan, cancellation), ServerCatalog.Baseline);
        var report = ReportOf(results, await MachineFacts.CollectAsync(tools, cancellation));
        if (options.Summary is { } document)
        {
            report.WriteSummary(document, options.Output);
        }

        return report.Publish(Console.Out, options.Output, "README.md");
    }

    private Report ReportOf(Results results, MachineFacts facts)
    {
        var cases = Plan.CasesOf(options);
        BenchServer[] servers = [.. ServerCatalog.All
            .Where(server => results.Runs.Any(run => run.Server == server.Name))];
        var summary = SummaryTable.Of(results, cases, servers);
        var against = AgainstTable.Of(results, cases, servers);
        return new Report(
            "Benchmarks",
            options.CommandLine,
            facts,
            [
                .. new[] { summary, against }.OfType<ReportTable>(),
                .. cases.Select(benchCase => benchCase.Group).Distinct().Order()
                    .Select(group => GroupTable.Of(group, results, cases, servers)),
            ],
            [.. new ResultCharts(results, cases, servers).Draw()])
        {
            Method = options.Method,
            Summary = summary,
            Problems = results.Problems,
        };
    }
}
