namespace WebApp.Dashboard;

/// <summary>The middle of the measurements of an interval, and what one in a hundred exceeded.</summary>
internal sealed record Percentiles(double P50, double P99)
{
    /// <summary>Null where there is nothing.</summary>
    /// <param name="taken">The measurements.</param>
    /// <param name="scale">How many of the result's units one of theirs is.</param>
    public static Percentiles? Of(Distribution.Taken taken, double scale = 1) =>
        taken.Percentile(50) is { } middle && taken.Percentile(99) is { } high
            ? new Percentiles(middle * scale, high * scale)
            : null;
}
