using System.Xml.Linq;
using Bench.Machine;
using Bench.Statistics;

namespace Bench.Reports;

/// <summary>
/// What a run of the command leaves behind: tables on the terminal, and a folder with the same and charts.
/// </summary>
/// <param name="Title">The report's heading.</param>
/// <param name="Command">The command line that makes it.</param>
/// <param name="Facts">What the figures depend on.</param>
/// <param name="Tables">The figures.</param>
/// <param name="Charts">File names, titles and SVG documents.</param>
internal sealed record Report(
    string Title,
    string Command,
    MachineFacts Facts,
    IReadOnlyList<ReportTable> Tables,
    IReadOnlyList<(string FileName, string Title, XElement Chart)> Charts)
{
    /// <summary>The name of the marks around the summary in another document.</summary>
    public const string SummaryName = "benchmarks";

    /// <summary>How it was measured.</summary>
    public required string Method { get; init; }

    /// <summary>The table for another document; null for none.</summary>
    public ReportTable? Summary { get; init; }

    /// <summary>The ratios, for a later report; null for none.</summary>
    public RatioFile? Ratios { get; init; }

    /// <summary>What went wrong in single runs.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Writes the folder and shows the same without the charts.</summary>
    /// <param name="output">Where they are shown.</param>
    /// <param name="folder">Made when it is missing.</param>
    /// <param name="fileName">The name of the Markdown file.</param>
    /// <returns>The exit code: 1 when there were problems.</returns>
    public int Publish(TextWriter output, string folder, string fileName)
    {
        Directory.CreateDirectory(folder);
        foreach (var (chartFile, _, chart) in Charts)
        {
            File.WriteAllText(Path.Combine(folder, chartFile), chart + "\n");
        }

        Ratios?.Write(folder);
        var path = Path.Combine(folder, fileName);
        var text = ToMarkdown();
        File.WriteAllText(path, text);
        output.WriteLine(text);
        output.WriteLine($"This is in {path}, with {Charts.Count} charts.");
        return Problems.Count == 0 ? 0 : 1;
    }

    /// <summary>Puts the summary and its chart into another document, between its marks.</summary>
    /// <param name="path">The document.</param>
    /// <param name="folder">The folder that the charts are in.</param>
    public void WriteSummary(string path, string folder)
    {
        var relative = Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(path))!, folder);
        var summary =
            $"{Facts.Summary}. The first column has figures, the others ratios to it, with their {Ratio.Percent} " +
            "intervals.\n\n" +
            (Summary is null ? "" : $"{MarkdownWriter.WriteCells(Summary)}\n") +
            (Summary?.Note is { } note ? $"{note}\n\n" : "") +
            string.Concat(Charts.Where(chart => chart.FileName == ResultCharts.ShortFile)
                .Select(chart => $"![{chart.Title}]({relative}/{chart.FileName})\n\n")) +
            $"[All figures, the machine and the command]({relative}/README.md).\n";
        File.WriteAllText(path, MarkedSection.Replace(File.ReadAllText(path), SummaryName, summary));
    }

    private string ToMarkdown() =>
        $"""
        # {Title}

        Made by `{Command}`. {Method}

        {string.Join('\n', Facts.Facts.Select(fact => $"- {fact.Name}: {fact.Value}"))}

        {string.Concat(Charts.Select(chart => $"![{chart.Title}]({chart.FileName})\n\n"))}
        """ + string.Concat(Tables.Select(MarkdownWriter.Write)).TrimEnd() + "\n" +
        string.Concat(Problems.Select((problem, i) => (i == 0 ? "\n## Problems\n\n" : "") + $"- {problem}\n"));
}
