using System.Xml.Linq;

namespace Bench.Charts;

/// <summary>The title of a chart and the names of its series, in their colours.</summary>
internal static class Legend
{
    /// <summary>What the two lines take from the top.</summary>
    public const double Height = 60;

    private const double CharacterWidth = 6.5;

    public static IEnumerable<XElement> Draw(string title, IEnumerable<(string Name, string Colour)> series)
    {
        yield return Svg.Text(16, 24, title, size: 15);
        var x = 16.0;
        foreach (var (name, colour) in series)
        {
            yield return Svg.Rectangle(x, 36, 12, 12, colour);
            yield return Svg.Text(x + 17, 46, name);
            x += 34 + (name.Length * CharacterWidth);
        }
    }
}
