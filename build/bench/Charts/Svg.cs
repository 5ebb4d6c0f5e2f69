using System.Globalization;
using System.Xml.Linq;

namespace Bench.Charts;

/// <summary>The few SVG elements that charts are made of.</summary>
internal static class Svg
{
    /// <summary>The colours of series, told apart by people with any colour vision (Okabe and Ito, 2008).</summary>
    private static readonly string[] s_colours =
        ["#999999", "#56b4e9", "#d55e00", "#e69f00", "#cc79a7", "#009e73"];

    private static readonly XNamespace s_namespace = "http://www.w3.org/2000/svg";

    public static string ColourOf(int series) => s_colours[series % s_colours.Length];

    public static XElement Document(double width, double height, params IEnumerable<XElement> content) => new(
        s_namespace + "svg",
        new XAttribute("viewBox", $"0 0 {Number(width)} {Number(height)}"),
        new XAttribute("width", Number(width)),
        new XAttribute("height", Number(height)),
        new XAttribute("font-family", "system-ui, sans-serif"),
        new XAttribute("font-size", "12"),

        // Readers' pages may be dark, the text is not.
        Rectangle(0, 0, width, height, "white"),
        content);

    public static XElement Rectangle(double x, double y, double width, double height, string colour) =>
        Element("rect", [("x", x), ("y", y), ("width", width), ("height", height)], ("fill", colour));

    public static XElement Line(double x1, double y1, double x2, double y2, string colour, string dash = "none") =>
        Element(
            "line", [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)], ("stroke", colour), ("stroke-dasharray", dash));

    public static XElement Line(IEnumerable<(double X, double Y)> points, string colour) => Element(
        "polyline",
        [],
        ("points", string.Join(' ', points.Select(point => $"{Number(point.X)},{Number(point.Y)}"))),
        ("stroke", colour),
        ("fill", "none"));

    public static XElement Dot(double x, double y, string colour) =>
        Element("circle", [("cx", x), ("cy", y), ("r", 3.5)], ("fill", colour));

    /// <param name="x">Where <paramref name="anchor"/> is.</param>
    /// <param name="y">The base line.</param>
    /// <param name="text">What is written.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="size">In pixels.</param>
    public static XElement Text(double x, double y, string text, string anchor = "start", double size = 12)
    {
        var element = Element("text", [("x", x), ("y", y), ("font-size", size)], ("text-anchor", anchor));
        element.Add(text);
        return element;
    }

    private static XElement Element(
        string name, (string Name, double Value)[] numbers, params (string Name, string Value)[] words) => new(
        s_namespace + name,
        numbers.Select(number => new XAttribute(number.Name, Number(number.Value))),
        words.Select(word => new XAttribute(word.Name, word.Value)));

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
