using Bench.Cases;
using Bench.Measurements;
using Bench.Reports;
using Bench.Servers;
using Bench.Statistics;

namespace Bench.Tests;

/// <summary>The tables that compare servers over all cases.</summary>
public sealed class SummaryTests
{
    private const string Tuned = "sockets-tuned";

    [Fact]
    public void Summary_LoadCase_HasALineForTheRateAndOneForItsCost()
    {
        var results = ResultsOf(
            Windows("json", ServerCatalog.Baseline, (Metric.RequestRate, 1_000), (Metric.CpuPerRequest, 10)),
            Windows("json", Tuned, (Metric.RequestRate, 1_200), (Metric.CpuPerRequest, 8)),
            Windows("json", ServerCatalog.Main, (Metric.RequestRate, 1_600), (Metric.CpuPerRequest, 5)));

        var table = SummaryTable.Of(
            results, CasesOf("json"), ServersOf(ServerCatalog.Baseline, Tuned, ServerCatalog.Main))!;

        Assert.Equal(["case", "Kestrel Sockets", "Kestrel Sockets, tuned", "kqueue, adaptive"], table.Headers);
        Assert.Equal(
            [
                ["JSON: requests/s", "1,000", "1.20 ±0.00", "1.60 ±0.00"],
                ["JSON: CPU µs/request", "10.0", "0.80 ±0.00", "0.50 ±0.00"],
            ],
            table.Rows);
        Assert.Null(table.Note);
    }

    [Fact]
    public void Summary_ClientAtItsLimit_IsInParenthesesWithTheReason()
    {
        var results = ResultsOf(
            Windows("json", ServerCatalog.Baseline, (Metric.RequestRate, 1_000), (Metric.ClientCpu, 0.5)),
            Windows("json", ServerCatalog.Main, (Metric.RequestRate, 1_600), (Metric.ClientCpu, 0.97)));

        var table = SummaryTable.Of(results, CasesOf("json"), ServersOf(ServerCatalog.Baseline, ServerCatalog.Main))!;

        Assert.Equal("(1.60 ±0.00; client)", Assert.Single(table.Rows)[^1]);
        Assert.StartsWith("In parentheses, and not to be relied on: client, ", table.Note, StringComparison.Ordinal);
        Assert.DoesNotContain(";", table.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Summary_BaselineNotMeasured_IsNone()
    {
        var results = ResultsOf(Windows("json", ServerCatalog.Main, (Metric.RequestRate, 1)));

        Assert.Null(SummaryTable.Of(results, CasesOf("json"), ServersOf(ServerCatalog.Main)));
    }

    // A front page has room for five lines and a chart.
    [Fact]
    public void ShortSummary_AllCases_HasFiveLines()
    {
        Metric[] metrics = [Metric.RequestRate, Metric.CpuPerRequest, Metric.HttpIdle];
        var results = ResultsOf(
        [
            .. from benchCase in CaseCatalog.All
               from server in ServerCatalog.All
               select Windows(benchCase.Name, server.Name, [.. metrics.Select(metric => (metric, 12_345.0))]),
        ]);

        var table = SummaryTable.ShortOf(results, ServerCatalog.All)!;

        Assert.Equal(5, table.Rows.Count);
        Assert.Equal(4, table.Headers.Count);
        Assert.InRange(MarkdownWriter.WriteCells(table).Length, 1, 1_000);
    }

    [Fact]
    public void RatioFile_EarlierReport_NamesWhatIsNotWithinItsIntervals()
    {
        var folder = Directory.CreateTempSubdirectory("bench-");
        try
        {
            new RatioFile(new Dictionary<string, Ratio>
            {
                ["a"] = new(1.5, 1.4, 1.6),
                ["b"] = new(1.5, 1.4, 1.6),
                ["gone"] = new(1, 1, 1),
            }).Write(folder.FullName);
            var later = new RatioFile(new Dictionary<string, Ratio>
            {
                ["a"] = new(1.59, 1.5, 1.7),
                ["b"] = new(1.7, 1.6, 1.8),
                ["new"] = new(1, 1, 1),
            });

            var table = later.CompareWith(RatioFile.Read(folder.FullName));

            Assert.Equal(["b", "1.50 ±0.10", "1.70 ±0.10"], Assert.Single(table.Rows));
            Assert.StartsWith("1 of 2 ", table.Note);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static BenchCase[] CasesOf(params string[] names) =>
        [.. CaseCatalog.All.Where(benchCase => names.Contains(benchCase.Name))];

    private static BenchServer[] ServersOf(params string[] names) =>
        [.. ServerCatalog.All.Where(server => names.Contains(server.Name))];

    private static Results ResultsOf(params WindowResult[][] windows) =>
        new([.. windows.SelectMany(some => some)], ServerCatalog.Baseline);

    private static WindowResult[] Windows(string name, string server, params (Metric Metric, double Value)[] values) =>
    [
        .. from process in Enumerable.Range(0, 2)
           select new WindowResult(name, server, process, process, new Measurement(
               values.ToDictionary(entry => entry.Metric, entry => entry.Value), [])),
    ];
}
