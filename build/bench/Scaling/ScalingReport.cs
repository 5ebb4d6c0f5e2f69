using System.Globalization;
using System.Xml.Linq;
using Bench.Charts;
using Bench.Measurements;
using Bench.Reports;
using Bench.Servers;
using Bench.Statistics;

namespace Bench.Scaling;

/// <summary>How the cost of a request grows along a series, with a line through the points.</summary>
internal static class ScalingReport
{
    public static ReportTable TableOf(ScalingSeries series, Results results) => new(
        $"Cost of a request: {series.Title}",
        ["server", .. series.Points.Select(point => $"{point.Size:N0}"), "line", "growth along it", "cost"],
        [.. ServersOf(series, results).Select(server => RowOf(series, results, server))])
    {
        TextColumns = 1,
        Note = $"CPU µs of the server per request, at each number of {series.XLabel}: means of the windows. The " +
            "line is fitted to all processes by least squares; the growth is between its ends, with 95 % confidence.",
    };

    public static (string FileName, string Title, XElement Chart) ChartOf(ScalingSeries series, Results results)
    {
        var chart = new LineChart(
            $"Server CPU per request: {series.Title}",
            series.XLabel,
            "µs",
            [.. ServersOf(series, results).Select(server =>
            {
                var points = PointsOf(series, results, server);
                Func<double, double> line = LineFit.Through(points).At;
                return (server.Title, ServerCatalog.ColourOf(server), points, line);
            })]);
        return ($"{series.Name}.svg", chart.Title, chart.Draw());
    }

    /// <summary>Whether any point of the series was measured.</summary>
    public static bool HasPoints(ScalingSeries series, Results results) => ServersOf(series, results).Any();

    private static IEnumerable<BenchServer> ServersOf(ScalingSeries series, Results results) =>
        ServerCatalog.All.Where(server => PointsOf(series, results, server).Count > 0);

    private static string[] RowOf(ScalingSeries series, Results results, BenchServer server)
    {
        var points = PointsOf(series, results, server);
        var line = LineFit.Through(points);
        var growth = Growth.Along(line, points.Min(point => point.X), points.Max(point => point.X));
        return
        [
            server.Title,
            .. series.Points.Select(point =>
                results.Mean(point.Case.Name, server.Name, Metric.CpuPerRequest) is { } cpu
                    ? Metric.CpuPerRequest.Write(cpu)
                    : ""),
            string.Create(CultureInfo.InvariantCulture, $"{line.Intercept:N2} {line.Slope:+ 0.00000;- 0.00000} n"),
            growth.ToString(),
            growth.Verdict,
        ];
    }

    private static IReadOnlyList<(double X, double Y)> PointsOf(
        ScalingSeries series, Results results, BenchServer server) =>
        [.. from point in series.Points
            from cpu in results.MeansOfProcesses(point.Case.Name, server.Name, Metric.CpuPerRequest)
            select ((double)point.Size, cpu)];
}
