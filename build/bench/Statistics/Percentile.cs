namespace Bench.Statistics;

/// <summary>Percentiles of measured values.</summary>
internal static class Percentile
{
    /// <summary>
    /// The smallest value that at least this share of all values does not exceed (nearest rank).
    /// </summary>
    /// <param name="sorted">The values in ascending order; at least one.</param>
    /// <param name="percent">From 0 to 100.</param>
    public static double Of(IReadOnlyList<double> sorted, double percent)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Count);

        // Decimal: 99.9 % of 1,000 are 999, and a little more in binary.
        var rank = (int)Math.Ceiling((decimal)percent * sorted.Count / 100);
        return sorted[Math.Clamp(rank, 1, sorted.Count) - 1];
    }
}
