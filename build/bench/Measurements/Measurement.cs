namespace Bench.Measurements;

/// <summary>What one run of a case on one server gave.</summary>
/// <param name="Values">The measured values.</param>
/// <param name="Problems">What the load tool complained of; empty in a clean run.</param>
internal sealed record Measurement(IReadOnlyDictionary<Metric, double> Values, IReadOnlyList<string> Problems)
{
    /// <summary>A run that could not be made.</summary>
    public static Measurement Failed(string problem) => new(new Dictionary<Metric, double>(), [problem]);
}
