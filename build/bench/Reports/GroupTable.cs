using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Reports;

/// <summary>Everything that was measured in the cases of a group: a row per case and server.</summary>
internal static class GroupTable
{
    private static readonly Dictionary<CaseGroup, (string Title, Metric[] Metrics)> s_groups = new()
    {
        [CaseGroup.Load] = (
            "Load",
            [
                Metric.RequestRate, Metric.CpuPerRequest, Metric.P50, Metric.P99, Metric.SystemCalls, Metric.Switches,
                Metric.Allocated, Metric.Memory, Metric.ClientCpu, Metric.Busy,
            ]),
        [CaseGroup.Latency] = (
            "Latency at the same rate",
            [
                Metric.RequestRate, Metric.CpuPerRequest, Metric.P50, Metric.P99, Metric.P999, Metric.SystemCalls,
                Metric.Switches, Metric.Allocated, Metric.ClientCpu,
            ]),
        [CaseGroup.Blocking] = (
            "Handlers that block",
            [
                Metric.RequestRate, Metric.P50, Metric.P99, Metric.P999, Metric.BlockedRate, Metric.BlockedP99,
                Metric.FirstAnswer, Metric.ClientCpu,
            ]),
        [CaseGroup.Start] = ("Cold start", [Metric.FirstAnswer, Metric.RequestRate, Metric.ClientCpu]),
        [CaseGroup.Idle] = ("Idle connections", [Metric.RawIdle, Metric.HttpIdle, Metric.IdleCpu]),
    };

    public static ReportTable Of(
        CaseGroup group, Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
    {
        var (title, metrics) = s_groups[group];
        var rows =
            from benchCase in cases
            where benchCase.Group == @group
            from server in servers
            where results.Contains(benchCase.Name, server.Name)
            let cells = metrics.SelectMany(metric => Cells(results, benchCase, server, metric))
            select (IReadOnlyList<string>)[benchCase.Title, server.Title, .. cells];
        return new ReportTable(title, ["case", "server", .. metrics.SelectMany(Headers)], [.. rows])
        {
            TextColumns = 2,
            Note = group == CaseGroup.Load
                ? "Means of all windows. System calls, context switches and allocations do not depend on the " +
                    "machine's speed. Client CPU: of a core, for each thread of the load tool."
                : null,
        };
    }

    private static IEnumerable<string> Headers(Metric metric) =>
        metric.HasRatio ? [metric.Name, "ratio"] : [metric.Name];

    private static IEnumerable<string> Cells(Results results, BenchCase benchCase, BenchServer server, Metric metric)
    {
        yield return results.Mean(benchCase.Name, server.Name, metric) is { } value ? metric.Write(value) : "";
        if (metric.HasRatio)
        {
            yield return RatioCell.Of(results, benchCase, server.Name, metric);
        }
    }
}
