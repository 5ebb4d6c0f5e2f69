using System.Text;

namespace Bench.Reports;

/// <summary>Writes tables in Markdown, with columns of even width, so that the text can be read as it is.</summary>
internal static class MarkdownWriter
{
    /// <summary>The table below its title, with its note.</summary>
    public static string Write(ReportTable table) =>
        $"## {table.Title}\n\n{WriteCells(table)}{(table.Note is null ? "" : $"\n{table.Note}\n")}\n";

    /// <summary>The table alone.</summary>
    public static string WriteCells(ReportTable table)
    {
        IReadOnlyList<string>[] lines = [table.Headers, .. table.Rows];
        int[] widths = [.. table.Headers.Select((_, column) => lines.Max(line => line[column].Length))];
        var text = new StringBuilder();
        AppendRow(text, table, table.Headers, widths);
        AppendRow(text, table, [.. widths.Select((width, column) => RuleOf(table, column, width))], widths);
        foreach (var row in table.Rows)
        {
            AppendRow(text, table, row, widths);
        }

        return text.ToString();
    }

    private static string RuleOf(ReportTable table, int column, int width) =>
        column < table.TextColumns ? new string('-', width) : new string('-', Math.Max(width - 1, 1)) + ":";

    private static void AppendRow(StringBuilder text, ReportTable table, IReadOnlyList<string> cells, int[] widths)
    {
        var padded = cells.Select((cell, column) =>
            column < table.TextColumns ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]));
        text.Append("| ").AppendJoin(" | ", padded).Append(" |\n");
    }
}
