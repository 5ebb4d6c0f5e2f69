namespace Bench.Measurements;

/// <summary>A measurement and where it belongs.</summary>
internal sealed record RunResult(string Case, string Server, int Round, Measurement Measurement);
