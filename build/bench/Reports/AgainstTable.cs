using System.Globalization;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>
/// The transport with its default settings against each other server, over all cases that both were measured in: the
/// two ends, with their cases, and the middle.
/// </summary>
internal static class AgainstTable
{
    private static readonly string[] s_headers =
        ["against", "cases", "requests/s: least", "median", "most", "CPU per request: least", "median", "most"];

    /// <summary>The table; null when the transport was not measured, or nothing else was.</summary>
    public static ReportTable? Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
    {
        var main = ServerCatalog.All.Single(server => server.Name == ServerCatalog.Main);
        var rows =
            from other in servers
            where other != main
            let rates = RatiosOf(Metric.RequestRate, other)
            where rates.Length > 0
            select (IReadOnlyList<string>)
                [other.Title, $"{rates.Length}", .. Cells(rates), .. Cells(RatiosOf(Metric.CpuPerRequest, other))];
        IReadOnlyList<string>[] measured = [.. rows];
        return measured.Length == 0
            ? null
            : new ReportTable($"{main.Title}, against each other server", s_headers, measured) { TextColumns = 1 };

        (string Case, double Ratio)[] RatiosOf(Metric metric, BenchServer other) =>
        [
            .. from benchCase in cases
               where benchCase.Group is CaseGroup.Load or CaseGroup.Blocking
               let ratio = results.Ratio(benchCase.Name, (main.Name, metric), (other.Name, metric))
               where ratio is not null
               orderby ratio
               select (benchCase.Title, ratio.Value),
        ];
    }

    private static string[] Cells((string Case, double Ratio)[] sorted) =>
        Statistics.Median.Of(sorted.Select(entry => entry.Ratio)) is { } median
            ? [EndOf(sorted[0]), Write(median), EndOf(sorted[^1])]
            : ["", "", ""];

    private static string EndOf((string Case, double Ratio) entry) => $"{Write(entry.Ratio)} ({entry.Case})";

    private static string Write(double ratio) => ratio.ToString("N2", CultureInfo.InvariantCulture);
}
