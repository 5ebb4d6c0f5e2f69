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

    private static readonly Metric[] s_idle = [Metric.RawIdle, Metric.HttpIdle];

    private string Baseline => servers.FirstOrDefault(server => server.Name == results.Baseline)?.Title ?? "";

    /// <summary>File names and charts; none for what was not measured.</summary>
    public IEnumerable<(string FileName, string Title, XElement Chart)> Draw() =>
        new (string FileName, BarChart Chart)[]
        {
            ("requests.svg", Ratios("Requests/s", "more is better", Metric.RequestRate)),
            ("cpu.svg", Ratios("Server CPU per request", "less is better", Metric.CpuPerRequest)),
            ("latency.svg", Latency()),
            ("blocking.svg", Blocking()),
            ("idle.svg", Idle()),
        }
            .Where(chart => chart.Chart.Categories.Count > 0)
            .Select(chart => (chart.FileName, chart.Chart.Title, chart.Chart.Draw()));

    private BarChart Ratios(string what, string which, Metric metric)
    {
        var categories = CasesOf(CaseGroup.Load).Select(benchCase => (benchCase.Title, ValuesOf(server =>
            results.Ratio(benchCase.Name, server.Name, metric))));
        return Chart($"{what} as a ratio to {Baseline} ({which})", "N2", categories) with { Mark = 1 };
    }

    private BarChart Latency() => Chart(
        "p99 at the same rate, in ms (less is better)",
        Metric.P99.Format,
        CasesOf(CaseGroup.Latency).Select(benchCase => (benchCase.Title, ValuesOf(server =>
            results.Median(benchCase.Name, server.Name, Metric.P99)))));

    private BarChart Blocking() => Chart(
        "Fast requests/s beside, and after, handlers that block (more is better)",
        Metric.RequestRate.Format,
        CasesOf(CaseGroup.Blocking).Select(benchCase => (benchCase.Title, ValuesOf(server =>
            results.Median(benchCase.Name, server.Name, Metric.RequestRate)))));

    private BarChart Idle() => Chart(
        "Memory per idle connection, in KiB (less is better)",
        "N1",
        from benchCase in CasesOf(CaseGroup.Idle)
        from metric in s_idle
        select (metric.Name[IdlePrefix.Length..],
            ValuesOf(server => results.Median(benchCase.Name, server.Name, metric))));

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
