using System.Globalization;
using System.Text.RegularExpressions;
using Bench.Statistics;

namespace Bench.Tools;

/// <summary>What h2load measured.</summary>
internal sealed partial record H2LoadReport(long Requests, double RequestsPerSecond, IReadOnlyList<string> Errors)
{
    private static readonly string[] s_errors = ["failed", "errored", "timeout"];

    /// <summary>Reads what h2load printed.</summary>
    /// <exception cref="ToolException">It is not a report.</exception>
    public static H2LoadReport Parse(string output)
    {
        var rate = Finished().Match(output);
        var counts = Counts().Match(output);
        if (!rate.Success || !counts.Success)
        {
            throw new ToolException($"h2load printed no figures: {output.Trim()}");
        }

        return new H2LoadReport(
            Number(counts.Groups["done"]),
            double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture),
            [.. s_errors.Where(error => Number(counts.Groups[error]) > 0)
                .Select(error => $"{counts.Groups[error].Value} requests {error}")]);
    }

    /// <summary>
    /// Percentiles from h2load's log, whose lines are the start, the status and the duration of a request, both times
    /// in microseconds.
    /// </summary>
    public static TimeSpan[] ParseLog(IEnumerable<string> lines, params double[] percents)
    {
        double[] durations = [.. lines
            .Select(line => line.Split('\t'))
            .Where(fields => fields.Length == 3)
            .Select(fields => double.Parse(fields[2], CultureInfo.InvariantCulture))
            .Order()];
        return durations.Length == 0
            ? throw new ToolException("h2load's log is empty.")
            : [.. percents.Select(percent => TimeSpan.FromMicroseconds(Percentile.Of(durations, percent)))];
    }

    private static long Number(Group group) => long.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"finished in [^,]+, ([\d.]+) req/s")]
    private static partial Regex Finished();

    [GeneratedRegex(@"requests: .* (?<done>\d+) done, .* (?<failed>\d+) failed, (?<errored>\d+) errored, " +
        @"(?<timeout>\d+) timeout")]
    private static partial Regex Counts();
}
