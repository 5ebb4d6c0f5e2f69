using Bench.Cases;
using Bench.Measurements;

namespace Bench.Reports;

/// <summary>A line of the summary: what a case is about, or a few cases that differ in a number only.</summary>
internal sealed record SummaryRow(string Label, IReadOnlyList<BenchCase> Cases, Metric Metric)
{
    /// <summary>The rows for these cases, in their order.</summary>
    public static IEnumerable<SummaryRow> AllOf(IReadOnlyList<BenchCase> cases)
    {
        SteadyRateCase[] paced = [.. cases.OfType<SteadyRateCase>()];
        foreach (var benchCase in cases)
        {
            if (benchCase is IdleCase)
            {
                yield return new SummaryRow(Metric.RawIdle.Name, [benchCase], Metric.RawIdle);
                yield return new SummaryRow(Metric.HttpIdle.Name, [benchCase], Metric.HttpIdle);
            }
            else if (benchCase is not SteadyRateCase)
            {
                yield return new SummaryRow(benchCase.Title, [benchCase], Metric.RequestRate);
            }
            else if (benchCase == paced[0])
            {
                yield return new SummaryRow(PacedLabel(paced), paced, Metric.P99);
            }
        }
    }

    private static string PacedLabel(SteadyRateCase[] cases) =>
        $"{Metric.P99.Name} at {string.Join(" · ", cases.Select(benchCase => benchCase.Percent))} % of Sockets' rate";
}
