using System.Globalization;
using System.Text.RegularExpressions;

namespace Bench.Tools;

/// <summary>What wrk measured, as bench.lua prints it.</summary>
internal sealed partial record WrkReport(
    long Requests, TimeSpan Duration, TimeSpan P50, TimeSpan P99, TimeSpan P999, IReadOnlyList<string> Errors)
{
    private static readonly string[] s_errors = ["connect", "read", "write", "timeout", "status"];

    public double RequestsPerSecond => Requests / Duration.TotalSeconds;

    /// <summary>Finds the line of the figures in what wrk printed.</summary>
    /// <exception cref="ToolException">There is no such line.</exception>
    public static WrkReport Parse(string output)
    {
        var line = output.Split('\n').LastOrDefault(line => line.StartsWith("figures:", StringComparison.Ordinal))
            ?? throw new ToolException($"wrk printed no figures: {output.Trim()}");
        var figures = Figure().Matches(line).ToDictionary(
            match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        return new WrkReport(
            figures["requests"],
            TimeSpan.FromMicroseconds(figures["duration"]),
            TimeSpan.FromMicroseconds(figures["p50"]),
            TimeSpan.FromMicroseconds(figures["p99"]),
            TimeSpan.FromMicroseconds(figures["p999"]),
            [.. s_errors.Where(error => figures[error] > 0).Select(error => $"{figures[error]} {error} errors")]);
    }

    [GeneratedRegex(@"(\w+)=(\d+)")]
    private static partial Regex Figure();
}
