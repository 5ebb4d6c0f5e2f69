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
    public void GroupTable_Case_HasARowForEachServer()
    {
        var values = new Dictionary<Metric, double> { [Metric.RequestRate] = 100, [Metric.SystemCalls] = 2.1 };
        var results = new Results(
            [new WindowResult("json", ServerCatalog.Baseline, 0, 0, new Measurement(values, []))],
            ServerCatalog.Baseline);

        var table = GroupTable.Of(
            CaseGroup.Load,
            results,
            [.. CaseCatalog.All.Where(benchCase => benchCase.Name == "json")],
            ServerCatalog.All);
        var row = Assert.Single(table.Rows);

        Assert.Equal(["JSON", "Kestrel Sockets", "100", "1"], row.Take(4));
        Assert.Equal("2.10", row[table.Headers.ToList().IndexOf(Metric.SystemCalls.Name)]);
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

    private static IEnumerable<XElement> Bars(XElement document, params string[] colours) => document.Elements()
        .Where(element => element.Name.LocalName == "rect" && colours.Contains(element.Attribute("fill")?.Value));

    private static double Width(XElement element) => (double)element.Attribute("width")!;
}
