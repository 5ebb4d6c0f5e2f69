using Bench.Tools;

namespace Bench.Loads;

/// <summary>What a load was answered.</summary>
/// <param name="Requests">How many requests.</param>
/// <param name="RequestsPerSecond">How many in a second.</param>
/// <param name="Errors">What went wrong.</param>
internal sealed record LoadReport(long Requests, double RequestsPerSecond, IReadOnlyList<string> Errors)
{
    /// <summary>How long they took at 50, 99 and 99.9 %; null where nobody has looked.</summary>
    public (TimeSpan P50, TimeSpan P99, TimeSpan P999)? Latencies { get; init; }

    /// <summary>What the client used meanwhile.</summary>
    public ClientCpu Client { get; init; }
}
