using System.Globalization;
using System.Xml.Linq;
using FileSwarm.Client;

namespace FileSwarm.Report;

/// <summary>
/// Round-trip times over the time of the transfer, as an SVG: the median and the 99th percentile of each slice, on a
/// logarithmic scale.
/// </summary>
internal sealed class RoundTripPlot
{
    private const int Slices = 120;
    private const double Left = 80;
    private const double Top = 40;
    private const double Width = 800;
    private const double Height = 360;

    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    private readonly (double Seconds, RoundTripSummary Summary)[] _points;
    private readonly double _secondsMax;
    private readonly int _decadeMin;
    private readonly int _decadeMax;

    private RoundTripPlot(IReadOnlyCollection<RoundTrip> roundTrips)
    {
        _secondsMax = Math.Max(0.001, roundTrips.Max(trip => trip.AnsweredAt.TotalSeconds));
        _points = [.. roundTrips
            .GroupBy(trip => Math.Min(Slices - 1, (int)(trip.AnsweredAt.TotalSeconds / _secondsMax * Slices)))
            .OrderBy(slice => slice.Key)
            .Select(slice => ((slice.Key + 0.5) * _secondsMax / Slices, RoundTripSummary.Of(slice)))];
        _decadeMin = (int)Math.Floor(Math.Log10(Math.Max(0.001, _points.Min(point => point.Summary.P50))));
        _decadeMax = Math.Max(
            _decadeMin + 1, (int)Math.Ceiling(Math.Log10(Math.Max(0.001, _points.Max(point => point.Summary.P99)))));
    }

    /// <summary>Writes the plot; nothing where there is nothing to plot.</summary>
    public static void Write(string path, string title, IReadOnlyCollection<RoundTrip> roundTrips)
    {
        if (roundTrips.Count > 0)
        {
            new RoundTripPlot(roundTrips).ToSvg(title).Save(path);
        }
    }

    private XElement ToSvg(string title) => new(
        s_svg + "svg",
        new XAttribute("viewBox", $"0 0 {Left + Width + 30} {Top + Height + 50}"),
        new XAttribute("font-family", "sans-serif"),
        new XAttribute("font-size", 13),
        new XElement(s_svg + "rect", Attributes(("width", "100%"), ("height", "100%"), ("fill", "white"))),
        Text(Left, 24, "start", title),
        Enumerable.Range(_decadeMin, _decadeMax - _decadeMin + 1).Select(HorizontalLine),
        Enumerable.Range(0, 5).Select(i => TimeLabel(_secondsMax * i / 4)),
        Curve("#1f77b4", "p50", summary => summary.P50, legend: 0),
        Curve("#d62728", "p99", summary => summary.P99, legend: 1));

    private XElement[] HorizontalLine(int decade)
    {
        var y = Y(Math.Pow(10, decade));
        return
        [
            new XElement(s_svg + "line", Attributes(
                ("x1", Number(Left)),
                ("x2", Number(Left + Width)),
                ("y1", Number(y)),
                ("y2", Number(y)),
                ("stroke", "#ddd"))),
            Text(Left - 8, y + 4, "end", $"{Math.Pow(10, decade).ToString(CultureInfo.InvariantCulture)} ms"),
        ];
    }

    private XElement TimeLabel(double seconds) => Text(
        X(seconds), Top + Height + 24, "middle", $"{seconds.ToString("F1", CultureInfo.InvariantCulture)} s");

    private XElement[] Curve(string colour, string name, Func<RoundTripSummary, double> value, int legend) =>
    [
        new XElement(s_svg + "polyline", Attributes(
            ("fill", "none"),
            ("stroke", colour),
            ("stroke-width", "1.5"),
            ("points", string.Join(' ', _points.Select(point =>
                $"{Number(X(point.Seconds))},{Number(Y(value(point.Summary)))}"))))),
        new XElement(
            s_svg + "text",
            Attributes(
                ("x", Number(Left + Width - 90 + (legend * 50))),
                ("y", "24"),
                ("fill", colour),
                ("font-weight", "bold")),
            name),
    ];

    private double X(double seconds) => Left + (seconds / _secondsMax * Width);

    private double Y(double milliseconds)
    {
        var decade = Math.Log10(Math.Max(milliseconds, Math.Pow(10, _decadeMin)));
        return Top + ((_decadeMax - decade) / (_decadeMax - _decadeMin) * Height);
    }

    private static XElement Text(double x, double y, string anchor, string text) => new(
        s_svg + "text",
        Attributes(("x", Number(x)), ("y", Number(y)), ("text-anchor", anchor), ("fill", "#333")),
        text);

    private static IEnumerable<XAttribute> Attributes(params (string Name, string Value)[] attributes) =>
        attributes.Select(attribute => new XAttribute(attribute.Name, attribute.Value));

    private static string Number(double value) => value.ToString("F1", CultureInfo.InvariantCulture);
}
