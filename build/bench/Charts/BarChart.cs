using System.Globalization;
using System.Xml.Linq;

namespace Bench.Charts;

/// <summary>Groups of horizontal bars, one group per category and one bar per series.</summary>
/// <param name="Title">What is shown, with its unit.</param>
/// <param name="Series">The names and colours of the bars of a group.</param>
/// <param name="Categories">The groups; a value that is null has no bar.</param>
internal sealed record BarChart(
    string Title,
    IReadOnlyList<(string Name, string Colour)> Series,
    IReadOnlyList<(string Label, IReadOnlyList<double?> Values)> Categories)
{
    private const double Width = 940;
    private const double LabelWidth = 210;
    private const double ValueWidth = 60;
    private const double BarHeight = 13;
    private const double Gap = 12;

    /// <summary>How values are written at their bars.</summary>
    public string Format { get; init; } = "N2";

    /// <summary>A value that is marked with a line across all groups; null for none.</summary>
    public double? Mark { get; init; }

    public XElement Draw()
    {
        var bars = new List<XElement>();
        var y = Legend.Height;
        foreach (var (label, values) in Categories)
        {
            bars.AddRange(DrawGroup(label, values, ref y));
            y += Gap;
        }

        return Svg.Document(Width, y, [.. Legend.Draw(Title, Series), .. bars, .. DrawMark(y - Gap)]);
    }

    private List<XElement> DrawGroup(string label, IReadOnlyList<double?> values, ref double y)
    {
        var elements = new List<XElement>();
        var top = y;
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is { } value)
            {
                elements.Add(Svg.Rectangle(LabelWidth, y, LengthOf(value), BarHeight - 2, Series[i].Colour));
                elements.Add(Svg.Text(
                    LabelWidth + LengthOf(value) + 5,
                    y + BarHeight - 3,
                    value.ToString(Format, CultureInfo.InvariantCulture),
                    size: 10));
                y += BarHeight;
            }
        }

        elements.Add(Svg.Text(LabelWidth - 10, ((top + y) / 2) + 4, label, "end"));
        return elements;
    }

    private IEnumerable<XElement> DrawMark(double bottom) => Mark is { } mark
        ? [Svg.Line(LabelWidth + LengthOf(mark), Legend.Height - 4, LabelWidth + LengthOf(mark), bottom, "#444", "3 3")]
        : [];

    private double LengthOf(double value)
    {
        var longest = Categories.SelectMany(category => category.Values).Max() ?? 1;
        return value / longest * (Width - LabelWidth - ValueWidth);
    }
}
