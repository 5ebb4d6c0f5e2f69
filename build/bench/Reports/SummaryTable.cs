using System.Globalization;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>One line per case: how each server compares with the baseline.</summary>
internal static class SummaryTable
{
    /// <summary>From here on the client, and not the server, may be what limits a rate.</summary>
    public const double ClientLimit = 0.95;

    public static ReportTable Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
    {
        var baseline = servers.FirstOrDefault(server => server.Name == results.Baseline);
        BenchServer[] others = [.. servers.Where(server => server != baseline)];
        var title = baseline?.Title ?? results.Baseline;
        return new ReportTable(
            $"Requests/s and CPU time per request, as ratios to {title}",
            ["case", $"{title}: requests/s", .. others.Select(server => server.Title)],
            [.. cases.Where(IsShown).Select(RowOf)])
        {
            TextColumns = 1,
            Note = "Requests/s (more is better) · server CPU per request (less is better).\n" +
                "An asterisk: the client used over 95 % of its core, so the server could have done more.",
        };

        bool IsShown(BenchCase benchCase) =>
            benchCase.Group is CaseGroup.Load or CaseGroup.Blocking &&
            servers.Any(server => results.Contains(benchCase.Name, server.Name));

        string[] RowOf(BenchCase benchCase) =>
        [
            benchCase.Title,
            BaseOf(results, benchCase.Name),
            .. others.Select(server => RatiosOf(results, benchCase.Name, server.Name)),
        ];
    }

    private static string BaseOf(Results results, string benchCase) =>
        results.Median(benchCase, results.Baseline, Metric.RequestRate) is { } rate
            ? Metric.RequestRate.Write(rate) + LimitOf(results, benchCase, results.Baseline)
            : "";

    private static string RatiosOf(Results results, string benchCase, string server)
    {
        var rate = results.Ratio(benchCase, server, Metric.RequestRate);
        var cpu = results.Ratio(benchCase, server, Metric.CpuPerRequest);
        return (rate, cpu) switch
        {
            (null, _) => "",
            (_, null) => Write(rate) + LimitOf(results, benchCase, server),
            _ => $"{Write(rate)}{LimitOf(results, benchCase, server)} · {Write(cpu)}",
        };
    }

    private static string LimitOf(Results results, string benchCase, string server) =>
        results.Median(benchCase, server, Metric.ClientCpu) >= ClientLimit ? "*" : "";

    private static string Write(double? ratio) => ratio?.ToString("N2", CultureInfo.InvariantCulture) ?? "";
}
