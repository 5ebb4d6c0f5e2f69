using System.Globalization;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;
using Bench.Statistics;

namespace Bench.Reports;

/// <summary>
/// The ratios of a report that are facts, in a file beside it, so that a later one can be compared with them.
/// </summary>
/// <param name="Ratios">Each with its case, server and metric.</param>
internal sealed record RatioFile(IReadOnlyDictionary<string, Ratio> Ratios)
{
    private const string Name = "ratios.tsv";

    /// <summary>Takes them from results.</summary>
    public static RatioFile Of(
        Results results, IReadOnlyList<BenchCase> cases, IReadOnlyList<BenchServer> servers)
    {
        var facts =
            from benchCase in cases
            from server in servers
            where server.Name != results.Baseline
            from metric in Metric.WithRatios
            let ratio = results.RatioOf(benchCase.Name, server.Name, metric)
            where ratio is { Error: < double.PositiveInfinity }
            where results.MarksOf(benchCase, server.Name, metric) == Mark.None
            select KeyValuePair.Create($"{benchCase.Name} on {server.Name}: {metric.Name}", ratio.Value);
        return new RatioFile(new Dictionary<string, Ratio>(facts));
    }

    public static RatioFile Read(string folder) => new(File.ReadLines(Path.Combine(folder, Name))
        .Select(line => line.Split('\t'))
        .ToDictionary(
            fields => fields[0], fields => new Ratio(Number(fields[1]), Number(fields[2]), Number(fields[3]))));

    public void Write(string folder) => File.WriteAllLines(
        Path.Combine(folder, Name),
        Ratios.Select(entry => string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.Key}\t{entry.Value.Value:F4}\t{entry.Value.Low:F4}\t{entry.Value.High:F4}")));

    /// <summary>Says which of these ratios are not within the intervals of an earlier report.</summary>
    public ReportTable CompareWith(RatioFile earlier)
    {
        string[] both = [.. Ratios.Keys.Where(earlier.Ratios.ContainsKey)];
        string[] outside = [.. both.Where(key => !earlier.Ratios[key].Contains(Ratios[key].Value))];
        return new ReportTable(
            "Repeated",
            ["not within the earlier interval", "earlier", "here"],
            [.. outside.Select(key => (string[])[key, $"{earlier.Ratios[key]}", $"{Ratios[key]}"])])
        {
            TextColumns = 1,
            Note = $"{both.Length - outside.Length} of {both.Length} unmarked ratios are within the interval that " +
                "the earlier report gives for them.",
        };
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
