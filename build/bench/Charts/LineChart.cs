using System.Globalization;
using System.Xml.Linq;

namespace Bench.Charts;

/// <summary>Points of several series and a line for each, over an axis on which every step doubles.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="XLabel">What grows.</param>
/// <param name="YLabel">What it costs, with the unit.</param>
/// <param name="Series">The points, and the fitted line's y for an x.</param>
internal sealed record LineChart(
    string Title,
    string XLabel,
    string YLabel,
    IReadOnlyList<(string Name, string Colour, IReadOnlyList<(double X, double Y)> Points, Func<double, double> Line)>
        Series)
{
    private const double Width = 940;
    private const double Height = 380;
    private const double Left = 60;
    private const double Right = 30;
    private const double Bottom = 50;
    private const int LineSteps = 40;
    private const int GridLines = 5;

    private double XMin => Series.Min(series => series.Points.Min(point => point.X));

    private double XMax => Series.Max(series => series.Points.Max(point => point.X));

    private double YMax => 1.15 * Series.Max(series => series.Points.Max(point => point.Y));

    public XElement Draw() => Svg.Document(
        Width,
        Height,
        [
            .. Legend.Draw(Title, Series.Select(series => (series.Name, series.Colour))),
            .. DrawGrid(),
            .. DrawTicks(),
            .. Series.SelectMany(series => DrawSeries(series.Colour, series.Points, series.Line)),
        ]);

    private IEnumerable<XElement> DrawGrid()
    {
        for (var i = 0; i <= GridLines; i++)
        {
            var value = YMax * i / GridLines;
            yield return Svg.Line(Left, YOf(value), Width - Right, YOf(value), "#ddd");
            yield return Svg.Text(
                Left - 6, YOf(value) + 4, value.ToString("0.#", CultureInfo.InvariantCulture), "end", size: 10);
        }

        yield return Svg.Text(16, Legend.Height, YLabel, size: 10);
        yield return Svg.Text((Left + Width - Right) / 2, Height - 10, XLabel, "middle");
    }

    private IEnumerable<XElement> DrawTicks() => Series
        .SelectMany(series => series.Points)
        .Select(point => point.X)
        .Distinct()
        .Select(x =>
            Svg.Text(XOf(x), Height - Bottom + 18, x.ToString("N0", CultureInfo.InvariantCulture), "middle", 10));

    private IEnumerable<XElement> DrawSeries(
        string colour, IReadOnlyList<(double X, double Y)> points, Func<double, double> line)
    {
        var (from, to) = (points.Min(point => point.X), points.Max(point => point.X));

        // Many points: the axis is not linear, so that a straight line is none here.
        var steps = Enumerable.Range(0, LineSteps + 1).Select(i => from * Math.Pow(to / from, (double)i / LineSteps));
        var fitted = Svg.Line(steps.Select(x => (XOf(x), YOf(line(x)))), colour);
        return points.Select(point => Svg.Dot(XOf(point.X), YOf(point.Y), colour)).Prepend(fitted);
    }

    private double XOf(double x) => XMax == XMin
        ? (Left + Width - Right) / 2
        : Left + 20 + ((Width - Left - Right - 40) * Math.Log(x / XMin) / Math.Log(XMax / XMin));

    private double YOf(double y) => Height - Bottom - (y / YMax * (Height - Bottom - Legend.Height - 15));
}
