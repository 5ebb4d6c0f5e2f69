using Bench.Cases;
using Bench.Measurements;

namespace Bench.Reports;

/// <summary>
/// A ratio as tables write it; one that says less than it seems to stands in parentheses, with the reason.
/// </summary>
internal static class RatioCell
{
    /// <summary>What the reasons mean.</summary>
    public const string Note =
        "In parentheses, and no fact: wide, an interval of more than ±15 % about a ratio that is less than two-fold; " +
        "client, the load tool's threads had no time left; idle, processors had; failed, windows went wrong; " +
        "cold, servers still compiled.";

    private static readonly (Mark Mark, string Word)[] s_words =
    [
        (Mark.Wide, "wide"), (Mark.Client, "client"), (Mark.Idle, "idle"), (Mark.Failed, "failed"), (Mark.Cold, "cold"),
    ];

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
