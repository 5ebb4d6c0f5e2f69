using System.Globalization;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>
/// What each case is about, in one line: the baseline's figure and the others as ratios to it. The transport with its
/// default settings, or the first server that is measured instead, comes with what explains its ratio.
/// </summary>
internal sealed class SummaryTable
{
    private readonly Results _results;
    private readonly IReadOnlyList<BenchCase> _cases;
    private readonly BenchServer _baseline;
    private readonly BenchServer _main;
    private readonly BenchServer[] _others;

    private SummaryTable(
        Results results, IReadOnlyList<BenchCase> cases, BenchServer baseline, IReadOnlyList<BenchServer> servers)
    {
        BenchServer[] compared = [.. servers.Where(server => server != baseline)];
        (_results, _cases, _baseline) = (results, cases, baseline);
        _main = compared.FirstOrDefault(server => server.Name == ServerCatalog.Main) ?? compared[0];
        _others = [.. compared.Where(server => server != _main)];
    }

    /// <summary>The table; null when the baseline was not measured, or nothing else was.</summary>
    public static ReportTable? Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers) =>
        servers.FirstOrDefault(server => server.Name == results.Baseline) is { } baseline && servers.Count > 1
            ? new SummaryTable(results, cases, baseline, servers).Build()
            : null;

    private ReportTable Build() => new(
        $"Requests/s as ratios to {_baseline.Title}",
        [
            "case", _baseline.Title, _main.Title, "CPU", "at most", "client CPU",
            .. _others.Select(server => server.Title),
        ],
        [.. SummaryRow.AllOf(_cases).Where(IsMeasured).Select(CellsOf)])
    {
        TextColumns = 1,
        Note = "Ratios but for the first column. CPU: the server's for a request. At most: what it and the client's " +
            "CPU allow on all\nprocessors. Client CPU: of a core, for each thread of the load tool, with the first " +
            "server and the second.",
    };

    private bool IsMeasured(SummaryRow row) => ValuesOf(row, _baseline, row.Metric).Any();

    private string[] CellsOf(SummaryRow row) =>
    [
        row.Label,
        string.Join(" · ", ValuesOf(row, _baseline, row.Metric).Select(row.Metric.Write)),
        RatiosOf(row, (_main, row.Metric), row.Metric),
        RatiosOf(row, (_main, Metric.CpuPerRequest), Metric.CpuPerRequest),
        RatiosOf(row, (_main, Metric.Ceiling), Metric.RequestRate),
        ClientCpuOf(row),
        .. _others.Select(server => RatiosOf(row, (server, row.Metric), row.Metric)),
    ];

    private IEnumerable<double> ValuesOf(SummaryRow row, BenchServer server, Metric metric) => row.Cases
        .Select(benchCase => _results.Median(benchCase.Name, server.Name, metric))
        .OfType<double>();

    private string RatiosOf(SummaryRow row, (BenchServer Server, Metric Metric) of, Metric to) => string.Join(
        " · ",
        row.Cases
            .Select(benchCase => _results.Ratio(benchCase.Name, (of.Server.Name, of.Metric), (_baseline.Name, to)))
            .OfType<double>()
            .Select(ratio => ratio.ToString(ratio < 10 ? "N2" : "N0", CultureInfo.InvariantCulture)));

    // Of a row with several cases it would be a line of numbers, none of them near a limit.
    private string ClientCpuOf(SummaryRow row) => row.Cases is [var benchCase] &&
        _results.Median(benchCase.Name, _baseline.Name, Metric.ClientCpu) is { } baseline &&
        _results.Median(benchCase.Name, _main.Name, Metric.ClientCpu) is { } main
            ? string.Create(CultureInfo.InvariantCulture, $"{100 * baseline:N0} · {100 * main:N0} %")
            : "";
}
