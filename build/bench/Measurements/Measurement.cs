namespace Bench.Measurements;

/// <summary>What one window of a case on one server gave.</summary>
/// <param name="Values">The measured values.</param>
/// <param name="Problems">What went wrong; empty in a clean window.</param>
internal sealed record Measurement(IReadOnlyDictionary<Metric, double> Values, IReadOnlyList<string> Problems)
{
    /// <summary>A window that could not be measured.</summary>
    public static Measurement Failed(string problem) => new(new Dictionary<Metric, double>(), [problem]);
}
