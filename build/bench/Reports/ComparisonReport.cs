using Bench.Cases;
using Bench.Machine;
using Bench.Measurements;
using Bench.Runs;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>The report of a comparison.</summary>
internal static class ComparisonReport
{
    public static Report Of(BenchOptions options, Results results, MachineFacts facts)
    {
        BenchCase[] cases = [.. options.ChosenCases
            .Where(benchCase => results.Windows.Any(window => window.Case == benchCase.Name))];
        BenchServer[] servers = [.. ServerCatalog.All
            .Where(server => results.Windows.Any(window => window.Server == server.Name))];
        var ratios = RatioFile.Of(results, cases, servers);
        var tables = new[]
        {
            SummaryTable.Of(results, cases, servers),
            options.Earlier is { } folder ? ratios.CompareWith(RatioFile.Read(folder)) : null,
        };
        return new Report(
            "Benchmarks",
            options.CommandLine,
            facts,
            [
                .. tables.OfType<ReportTable>(),
                .. cases.Select(benchCase => benchCase.Group).Distinct().Order()
                    .Select(group => GroupTable.Of(group, results, cases, servers)),
            ],
            [.. new ResultCharts(results, cases, servers).Draw()])
        {
            Method = options.Method,
            Summary = SummaryTable.ShortOf(results, servers),
            Ratios = ratios,
            Problems = results.Problems,
        };
    }
}
