namespace Bench.Statistics;

/// <summary>The middle of a few values, which one disturbed run does not move.</summary>
internal static class Median
{
    /// <summary>The middle value, or the mean of the two middle ones; null without values.</summary>
    public static double? Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
        {
            return null;
        }

        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
