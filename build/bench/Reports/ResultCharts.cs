using System.Xml.Linq;
using Bench.Cases;
using Bench.Charts;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>The charts of the results.</summary>
internal static class ResultCharts
{
    private static readonly Metric[] s_idle = [Metric.RawIdle, Metric.HttpIdle];

    /// <summary>File names and charts; none for what was not measured.</summary>
    public static IEnumerable<(string FileName, string Title, XElement Chart)> Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
    {
        BenchCase[] load = [.. cases.Where(benchCase => benchCase.Group == CaseGroup.Load)];
        BenchCase[] blocking = [.. cases.Where(benchCase => benchCase.Group == CaseGroup.Blocking)];
        var baseline = servers.FirstOrDefault(server => server.Name == results.Baseline)?.Title;
        (string FileName, BarChart Chart)[] charts =
        [
            ("requests.svg", Ratios($"Requests/s as a ratio to {baseline} (more is better)", Metric.RequestRate)),
            ("cpu.svg", Ratios($"Server CPU per request as a ratio to {baseline} (less is better)", Metric.CpuPerRequest)),
            ("blocking.svg", Chart("Fast requests/s beside, and after, handlers that block (more is better)", "N0",
                [.. blocking.Select(benchCase => (benchCase.Title, ValuesOf(benchCase, Metric.RequestRate)))])),
            ("idle.svg", Chart("Memory per idle connection, in KiB (less is better)", "N1",
                [.. cases.Where(benchCase => benchCase.Group == CaseGroup.Idle).SelectMany(benchCase =>
                    s_idle.Select(metric => (metric.Name["KiB per ".Length..], ValuesOf(benchCase, metric))))])),
        ];
        return charts
            .Where(chart => chart.Chart.Categories.Count > 0)
            .Select(chart => (chart.FileName, chart.Chart.Title, chart.Chart.Draw()));

        BarChart Ratios(string title, Metric metric) => Chart(title, "N2",
            [.. load.Select(benchCase => (benchCase.Title, (IReadOnlyList<double?>)
                [.. servers.Select(server => results.Ratio(benchCase.Name, server.Name, metric))]))]) with
        { Mark = 1 };

        IReadOnlyList<double?> ValuesOf(BenchCase benchCase, Metric metric) =>
            [.. servers.Select(server => results.Median(benchCase.Name, server.Name, metric))];

        BarChart Chart(string title, string format, (string, IReadOnlyList<double?>)[] categories) => new(
            title,
            [.. servers.Select(server => (server.Title, ServerCatalog.ColourOf(server)))],
            [.. categories.Where(category => category.Item2.Any(value => value is not null))])
        {
            Format = format,
        };
    }
}
