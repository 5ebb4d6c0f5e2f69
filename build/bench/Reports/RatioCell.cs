using Bench.Cases;
using Bench.Measurements;

namespace Bench.Reports;

/// <summary>
/// A ratio as tables write it; one that says less than it seems to stands in parentheses, with the reason.
/// </summary>
internal static class RatioCell
{
    private static readonly (Mark Mark, string Word, string Meaning)[] s_words =
    [
        (Mark.Wide, "wide", "an interval of more than ±15 % about a ratio that is less than two-fold"),
        (Mark.Client, "client", "the load tool had no processor time left, and may be what limits the rate"),
        (Mark.Idle, "idle", "processors had nothing to do, so that something else limits the rate"),
        (Mark.Failed, "failed", "some windows went wrong"),
        (Mark.Cold, "cold", "the servers were still compiling"),
    ];

    /// <summary>What the reasons mean that stand in a table; null where none does.</summary>
    public static string? NoteOn(IEnumerable<IReadOnlyList<string>> rows)
    {
        var reasons = rows.SelectMany(row => row).Where(cell => cell.StartsWith('('))
            .SelectMany(cell => cell[(cell.IndexOf(';') + 1)..^1].Split(',', StringSplitOptions.TrimEntries))
            .ToHashSet();
        string[] meanings =
            [.. s_words.Where(entry => reasons.Contains(entry.Word)).Select(entry => $"{entry.Word}, {entry.Meaning}")];
        return meanings.Length == 0 ? null : $"In parentheses, and not to be relied on: {string.Join("; ", meanings)}.";
    }

    /// <summary>The text; empty where nothing was measured.</summary>
    public static string Of(Results results, BenchCase benchCase, string server, Metric metric)
    {
        if (results.RatioOf(benchCase.Name, server, metric) is not { } ratio)
        {
            return "";
        }

        if (server == results.Baseline)
        {
            return "1";
        }

        var marks = results.MarksOf(benchCase, server, metric);
        var words = s_words.Where(entry => marks.HasFlag(entry.Mark)).Select(entry => entry.Word);
        return marks == Mark.None ? ratio.ToString() : $"({ratio}; {string.Join(", ", words)})";
    }
}
