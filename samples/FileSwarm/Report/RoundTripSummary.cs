using FileSwarm.Client;

namespace FileSwarm.Report;

/// <summary>What a number of round trips have in common. Times are in milliseconds.</summary>
internal sealed record RoundTripSummary(int Count, int AskedAgain, double Mean, double P50, double P99, double Max)
{
    public static RoundTripSummary Of(IEnumerable<RoundTrip> roundTrips)
    {
        var all = roundTrips.ToList();
        var times = all.Select(trip => trip.Time.TotalMilliseconds).Order().ToArray();
        return times.Length == 0
            ? new RoundTripSummary(0, 0, 0, 0, 0, 0)
            : new RoundTripSummary(
                times.Length,
                all.Count(trip => trip.Attempts > 1),
                times.Average(),
                Percentile(times, 50),
                Percentile(times, 99),
                times[^1]);
    }

    /// <summary>The smallest value that so many percent of the sorted values do not exceed.</summary>
    public static double Percentile(ReadOnlySpan<double> sorted, double percent) =>
        sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * percent / 100) - 1)];

    public override string ToString() =>
        $"mean {Mean:N2} ms, p50 {P50:N2} ms, p99 {P99:N2} ms, max {Max:N2} ms";
}
