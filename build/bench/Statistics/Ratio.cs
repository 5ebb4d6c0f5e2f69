using System.Globalization;
using MathNet.Numerics.Statistics;

namespace Bench.Statistics;

/// <summary>A ratio of two servers, and the interval in which another run finds it again.</summary>
internal readonly record struct Ratio(double Value, double Low, double High)
{
    // A page has some twenty ratios, and 19 of 20 runs are to find all of them again.
    private const double Confidence = 0.997;

    /// <summary>How likely another run is to find the ratio in its interval.</summary>
    public static string Percent { get; } = string.Create(CultureInfo.InvariantCulture, $"{100 * Confidence:0.#} %");

    /// <summary>How far the ends are from the value at most, as a share of it.</summary>
    public double Error => Math.Max((High / Value) - 1, 1 - (Low / Value));

    /// <summary>
    /// The geometric mean of pairs. The pairs of the same two processes have in common what these processes have, such
    /// as where their memory lies, so that they count as one for the interval. That is Student's t of the logarithms,
    /// of the difference of two means: the one of this run, and the one of the next.
    /// </summary>
    /// <param name="pairs">The number of the processes that a pair is of, and its ratio.</param>
    /// <returns>Null without pairs.</returns>
    public static Ratio? Of(IEnumerable<(int Process, double Value)> pairs)
    {
        double[] logs =
        [
            .. pairs.Where(pair => pair.Value > 0 && double.IsFinite(pair.Value))
                .GroupBy(pair => pair.Process, pair => Math.Log(pair.Value))
                .Select(group => group.Average()),
        ];
        if (logs.Length == 0)
        {
            return null;
        }

        var (mean, deviation) = logs.MeanStandardDeviation();
        var error = logs.Length == 1
            ? double.PositiveInfinity
            : Student.Of(logs.Length - 1, Confidence) * deviation * Math.Sqrt(2.0 / logs.Length);
        return new Ratio(Math.Exp(mean), Math.Exp(mean - error), Math.Exp(mean + error));
    }

    public bool Contains(double value) => value >= Low && value <= High;

    /// <summary>The value and its error: 1.50 ±0.05; or both ends, where that is more than a quarter.</summary>
    public override string ToString() =>
        double.IsInfinity(High) ? Write(Value)
        : Error > 0.25 ? $"{Write(Low)} to {Write(High)}"
        : $"{Write(Value)} ±{Write(Error * Value)}";

    private static string Write(double value) => value.ToString(
        value < 10 ? "N2" : "N0", CultureInfo.InvariantCulture);
}
