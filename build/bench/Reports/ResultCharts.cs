using System.Xml.Linq;
using Bench.Cases;
using Bench.Charts;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>The charts of the results.</summary>
internal sealed class ResultCharts(
    Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
{
    private const string IdlePrefix = "KiB per ";

    /// <summary>The file of the chart for a front page.</summary>
    public const string ShortFile = "summary.svg";

    private static readonly string[] s_shortCases =
        ["plaintext-64", "plaintext-512", "json", "pipelined", "tls", "http2", "grpc", "upload"];

    private static readonly Metric[] s_idle = [Metric.RawIdle, Metric.HttpIdle];

    private string Baseline => servers.FirstOrDefault(server => server.Name == results.Baseline)?.Title ?? "";

    /// <summary>File names and charts; none for what was not measured.</summary>
    public IEnumerable<(string FileName, string Title, XElement Chart)> Draw() =>
        new (string FileName, BarChart Chart)[]
        {
            (ShortFile, Short()),
            ("requests.svg", Ratios("Requests/s", "more is better", Metric.RequestRate)),
            ("cpu.svg", Ratios("Server CPU per request", "less is better", Metric.CpuPerRequest)),
            ("latency.svg", Latency()),
            ("blocking.svg", Blocking()),
            ("idle.svg", Idle()),
        }
            .Where(chart => chart.Chart.Categories.Count > 0)
            .Select(chart => (chart.FileName, chart.Chart.Title, chart.Chart.Draw()));

    private BarChart Ratios(string what, string which, Metric metric) => Chart(
        $"{what} as a ratio to {Baseline} ({which})",
        "N2",
        from benchCase in CasesOf(CaseGroup.Load)
        select (benchCase.Title, ValuesOf(server => FactOf(benchCase, server, metric)))) with
    {
        Mark = 1,
    };

    private BarChart Short()
    {
        var chart = new ResultCharts(
            results,
            [.. cases.Where(benchCase => s_shortCases.Contains(benchCase.Name))],
            [.. servers.Where(server => server.Name is "sockets-tuned" or ServerCatalog.Main)]);
        return chart.Ratios("Requests/s", "more is better", Metric.RequestRate) with
        {
            Title = $"Requests/s as a ratio to {Baseline} (more is better)",
        };
    }

    // What is marked is no fact.
    private double? FactOf(BenchCase benchCase, BenchServer server, Metric metric) =>
        server.Name != results.Baseline && results.MarksOf(benchCase, server.Name, metric) == Mark.None
            ? results.RatioOf(benchCase.Name, server.Name, metric)?.Value
            : null;

    private BarChart Latency() => Chart(
        "p99 at the same rate, in ms (less is better)",
        Metric.P99.Format,
        CasesOf(CaseGroup.Latency).Select(benchCase => (benchCase.Title, ValuesOf(server =>
            results.Mean(benchCase.Name, server.Name, Metric.P99)))));

    private BarChart Blocking() => Chart(
        "Fast requests/s beside, and after, handlers that block (more is better)",
        Metric.RequestRate.Format,
        CasesOf(CaseGroup.Blocking).Select(benchCase => (benchCase.Title, ValuesOf(server =>
            results.Mean(benchCase.Name, server.Name, Metric.RequestRate)))));

    private BarChart Idle() => Chart(
        "Memory per idle connection, in KiB (less is better)",
        "N1",
        from benchCase in CasesOf(CaseGroup.Idle)
        from metric in s_idle
        select (metric.Name[IdlePrefix.Length..],
            ValuesOf(server => results.Mean(benchCase.Name, server.Name, metric))));

    private BarChart Chart(
        string title, string format, IEnumerable<(string Label, IReadOnlyList<double?> Values)> categories)
    {
        var bars = servers.Select(server => (server.Title, ServerCatalog.ColourOf(server)));
        var measured = categories.Where(category => category.Values.Any(value => value is not null));
        return new BarChart(title, [.. bars], [.. measured]) { Format = format };
    }

    private IEnumerable<BenchCase> CasesOf(CaseGroup group) => cases.Where(benchCase => benchCase.Group == group);

    private IReadOnlyList<double?> ValuesOf(Func<BenchServer, double?> value) => [.. servers.Select(value)];
}
