using Bench.Cases;
using Bench.Measurements;
using Bench.Reports;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>The tables that compare servers over all cases.</summary>
public sealed class SummaryTests
{
    private const string Tuned = "sockets-tuned";

    private static readonly string[] s_rateCases = ["rate-25", "rate-50"];

    [Fact]
    public void Summary_LoadCase_HasTheRatioAndWhatExplainsIt()
    {
        var results = ResultsOf(
            Run("json", ServerCatalog.Baseline, (Metric.RequestRate, 1_000), (Metric.CpuPerRequest, 10),
                (Metric.ClientCpu, 0.5), (Metric.Ceiling, 1_100)),
            Run("json", Tuned, (Metric.RequestRate, 1_200), (Metric.CpuPerRequest, 8), (Metric.ClientCpu, 0.6)),
            Run("json", ServerCatalog.Main, (Metric.RequestRate, 1_600), (Metric.CpuPerRequest, 5),
                (Metric.ClientCpu, 0.97), (Metric.Ceiling, 1_650)));

        var table = Summary(results, ["json"], Tuned)!;

        Assert.Equal(
            ["case", "Kestrel Sockets", "kqueue, adaptive", "CPU", "at most", "client CPU", "Kestrel Sockets, tuned"],
            table.Headers);
        Assert.Equal(["JSON", "1,000", "1.60", "0.50", "1.65", "50 · 97 %", "1.20"], Assert.Single(table.Rows));
    }

    [Fact]
    public void Summary_LatencyCasesOnly_IsOneRowOfThem()
    {
        var results = ResultsOf(
            [.. s_rateCases.SelectMany((name, i) => new[]
            {
                Run(name, ServerCatalog.Baseline, (Metric.RequestRate, 500), (Metric.P99, 2 + i)),
                Run(name, ServerCatalog.Main, (Metric.RequestRate, 500), (Metric.P99, 1)),
            })]);

        var row = Assert.Single(Summary(results, s_rateCases)!.Rows);

        Assert.Equal(["p99 ms at 25 · 50 % of Sockets' rate", "2.00 · 3.00", "0.50 · 0.33"], row.Take(3));
    }

    [Fact]
    public void Summary_IdleCase_IsMemoryOfBothKinds()
    {
        var results = ResultsOf(
            Run("idle", ServerCatalog.Baseline, (Metric.RawIdle, 5), (Metric.HttpIdle, 10)),
            Run("idle", ServerCatalog.Main, (Metric.RawIdle, 2), (Metric.HttpIdle, 7)));

        var rows = Summary(results, ["idle"])!.Rows;

        Assert.Equal(["5.00", "0.40"], rows[0].Skip(1).Take(2));
        Assert.Equal(["10.00", "0.70"], rows[1].Skip(1).Take(2));
    }

    [Fact]
    public void Summary_BaselineNotMeasured_IsNone()
    {
        var results = ResultsOf(Run("json", ServerCatalog.Main, (Metric.RequestRate, 1)));

        Assert.Null(SummaryTable.Of(results, CasesOf(["json"]), ServersOf([ServerCatalog.Main])));
    }

    [Fact]
    public void Against_Cases_NamesTheTwoEnds()
    {
        var results = ResultsOf(
            Run("json", Tuned, (Metric.RequestRate, 100), (Metric.CpuPerRequest, 10)),
            Run("json", ServerCatalog.Main, (Metric.RequestRate, 150), (Metric.CpuPerRequest, 5)),
            Run("tls", Tuned, (Metric.RequestRate, 100), (Metric.CpuPerRequest, 10)),
            Run("tls", ServerCatalog.Main, (Metric.RequestRate, 90), (Metric.CpuPerRequest, 9)));

        var table = AgainstTable.Of(results, CasesOf(["json", "tls"]), ServersOf([Tuned, ServerCatalog.Main]))!;

        Assert.Equal(
            [
                "Kestrel Sockets, tuned", "2", "0.90 (TLS)", "1.20", "1.50 (JSON)", "0.50 (JSON)", "0.70", "0.90 (TLS)",
            ],
            Assert.Single(table.Rows));
    }

    [Fact]
    public void Against_TransportNotMeasured_IsNone()
    {
        var results = ResultsOf(Run("json", Tuned, (Metric.RequestRate, 100)));

        Assert.Null(AgainstTable.Of(results, CasesOf(["json"]), ServersOf([Tuned])));
    }

    private static ReportTable? Summary(Results results, string[] cases, params string[] others) =>
        SummaryTable.Of(results, CasesOf(cases), ServersOf([ServerCatalog.Baseline, ServerCatalog.Main, .. others]));

    private static BenchCase[] CasesOf(string[] names) =>
        [.. CaseCatalog.All.Where(benchCase => names.Contains(benchCase.Name))];

    private static BenchServer[] ServersOf(string[] names) =>
        [.. ServerCatalog.All.Where(server => names.Contains(server.Name))];

    private static Results ResultsOf(params RunResult[] runs) => new(runs, ServerCatalog.Baseline);

    private static RunResult Run(string name, string server, params (Metric Metric, double Value)[] values) =>
        new(name, server, 1, new Measurement(values.ToDictionary(entry => entry.Metric, entry => entry.Value), []));
}
