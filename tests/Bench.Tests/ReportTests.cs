using System.Xml.Linq;
using Bench.Cases;
using Bench.Charts;
using Bench.Measurements;
using Bench.Reports;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>Tables and charts.</summary>
public sealed class ReportTests
{
    [Fact]
    public void Markdown_Table_HasEvenColumns()
    {
        var table = new ReportTable("Title", ["case", "n"], [["long name", "1"], ["x", "1,000"]]) { TextColumns = 1 };

        Assert.Equal(
            """
            ## Title

            | case      |     n |
            | --------- | ----: |
            | long name |     1 |
            | x         | 1,000 |


            """,
            MarkdownWriter.Write(table));
    }

    [Fact]
    public void MarkedSection_Document_KeepsWhatIsAround() => Assert.Equal(
        "a\n<!-- x -->\nnew\n<!-- /x -->\nb",
        MarkedSection.Replace("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new\n"));

    [Theory]
    [InlineData("<!-- x --><!-- /x -->", true)]
    [InlineData("<!-- /x --><!-- x -->", false)]
    [InlineData("<!-- x -->", false)]
    [InlineData("<!-- /x -->", false)]
    [InlineData("", false)]
    public void MarkedSection_Document_IsFoundByBothMarks(string document, bool isIn) =>
        Assert.Equal(isIn, MarkedSection.IsIn(document, "x"));

    [Fact]
    public void GroupTable_ClientAtItsLimit_SaysSo()
    {
        var results = new Results(
            [Run(ServerCatalog.Baseline, 100, cpu: 10, client: 0.95)], ServerCatalog.Baseline);

        var row = Assert.Single(GroupTable.Of(CaseGroup.Load, results, Cases(), Servers()).Rows);

        Assert.Equal("95 % (limit)", row[^1]);
        Assert.Equal(["JSON", "Kestrel Sockets", "100", "1.00", "10.00", "1.00"], row.Take(6));
    }

    [Fact]
    public void BarChart_Values_HaveBarsInProportion()
    {
        var chart = new BarChart(
            "A < B", [("one", "red"), ("two", "blue")], [("first", [1, 2]), ("second", [null, 4])]);

        var bars = Bars(chart.Draw(), "red", "blue").ToArray();

        // The first two are the legend's.
        Assert.Equal(5, bars.Length);
        Assert.Equal([1, 2, 4], bars[2..].Select(bar => Math.Round(4 * Width(bar) / Width(bars[^1]))));
    }

    [Fact]
    public void LineChart_OneSize_IsDrawn()
    {
        var chart = new LineChart("title", "x", "y", [("one", "red", [(64, 5), (64, 6)], _ => 5.5)]);

        Assert.DoesNotContain("NaN", chart.Draw().ToString(), StringComparison.Ordinal);
    }

    private static BenchCase[] Cases() => [.. CaseCatalog.All.Where(benchCase => benchCase.Name == "json")];

    private static BenchServer[] Servers() =>
        [.. ServerCatalog.All.Where(server => server.Name is ServerCatalog.Baseline or ServerCatalog.Main)];

    private static RunResult Run(string server, double rate, double cpu, double client) =>
        new("json", server, 1, new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = rate,
                [Metric.CpuPerRequest] = cpu,
                [Metric.ClientCpu] = client,
            },
            []));

    private static IEnumerable<XElement> Bars(XElement document, params string[] colours) => document.Elements()
        .Where(element => element.Name.LocalName == "rect" && colours.Contains(element.Attribute("fill")?.Value));

    private static double Width(XElement element) => (double)element.Attribute("width")!;
}
