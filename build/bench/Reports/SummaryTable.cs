using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>What each case is about, in a line: the baseline's figure, and the others as ratios to it.</summary>
internal static class SummaryTable
{
    private static readonly string[] s_shortServers = ["sockets-tuned", ServerCatalog.Main];

    private static readonly (string Case, Metric Metric)[] s_shortRows =
    [
        ("plaintext-64", Metric.RequestRate),
        ("http2", Metric.RequestRate),
        ("rate-10000", Metric.CpuPerRequest),
        ("blocking-mix", Metric.RequestRate),
        ("idle", Metric.HttpIdle),
    ];

    /// <summary>A line for each case; null when the baseline was not measured, or nothing else was.</summary>
    public static ReportTable? Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers) => TableOf(
        results,
        servers,
        from benchCase in cases
        from metric in MetricsOf(benchCase.Group)
        select (benchCase, metric));

    /// <summary>The five lines that a front page has room for, as far as they were measured.</summary>
    public static ReportTable? ShortOf(Results results, IReadOnlyList<BenchServer> servers) => TableOf(
        results,
        [.. servers.Where(server => server.Name == results.Baseline || s_shortServers.Contains(server.Name))],
        from row in s_shortRows
        select (CaseCatalog.All.Single(benchCase => benchCase.Name == row.Case), row.Metric));

    private static ReportTable? TableOf(
        Results results, IReadOnlyList<BenchServer> servers, IEnumerable<(BenchCase Case, Metric Metric)> lines)
    {
        var baseline = servers.FirstOrDefault(server => server.Name == results.Baseline);
        BenchServer[] others = [.. servers.Where(server => server != baseline)];
        if (baseline is null || others.Length == 0)
        {
            return null;
        }

        IReadOnlyList<string>[] rows =
        [
            .. from line in lines
               let figure = results.Mean(line.Case.Name, baseline.Name, line.Metric)
               where figure is not null
               select (IReadOnlyList<string>)
               [
                   LabelOf(line.Case, line.Metric),
                   line.Metric.Write(figure.Value),
                   .. others.Select(server => RatioCell.Of(results, line.Case, server.Name, line.Metric)),
               ],
        ];
        return new ReportTable(
            $"Ratios to {baseline.Title}",
            ["case", baseline.Title, .. others.Select(server => server.Title)],
            rows)
        {
            TextColumns = 1,
            Note = RatioCell.NoteOn(rows),
        };
    }

    private static string LabelOf(BenchCase benchCase, Metric metric) =>
        benchCase.Group == CaseGroup.Idle ? metric.Name : $"{benchCase.Title}: {metric.Name}";

    private static Metric[] MetricsOf(CaseGroup group) => group switch
    {
        CaseGroup.Load => [Metric.RequestRate, Metric.CpuPerRequest],
        CaseGroup.Latency => [Metric.CpuPerRequest, Metric.P99],
        CaseGroup.Blocking => [Metric.RequestRate],
        CaseGroup.Start => [Metric.FirstAnswer, Metric.RequestRate],
        _ => [Metric.RawIdle, Metric.HttpIdle],
    };
}
