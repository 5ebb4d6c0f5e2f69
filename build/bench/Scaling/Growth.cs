using System.Globalization;
using Bench.Statistics;

namespace Bench.Scaling;

/// <summary>Whether cost grows along a line, as far as the points can tell.</summary>
/// <param name="Share">The growth from one end of the line to the other.</param>
/// <param name="Error">How far off it may be, with 95 % confidence.</param>
internal readonly record struct Growth(double Share, double Error)
{
    // An error beyond it leaves room for a growth that matters, so that it says nothing to have found none.
    private const double ErrorMax = 0.15;

    /// <summary>The growth along a line.</summary>
    public static Growth Along(LineFit line, double from, double to) =>
        new(line.Growth(from, to), line.GrowthError(from, to));

    /// <summary>The answer in words.</summary>
    public string Verdict =>
        Share > Error ? "grows"
        : Share < -Error ? "falls"
        : Error <= ErrorMax ? "does not grow"
        : "not clear";

    public override string ToString() => double.IsFinite(Error)
        ? string.Create(CultureInfo.InvariantCulture, $"{100 * Share:+0.0;-0.0;0.0} ± {100 * Error:0.0} %")
        : string.Create(CultureInfo.InvariantCulture, $"{100 * Share:+0.0;-0.0;0.0} %");
}
