namespace Bench.Reports;

/// <summary>A table of text, however it is shown.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Headers">The columns; the first <see cref="TextColumns"/> hold words, the others numbers.</param>
/// <param name="Rows">The cells.</param>
internal sealed record ReportTable(
    string Title, IReadOnlyList<string> Headers, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    public required int TextColumns { get; init; }

    /// <summary>What its signs mean; null when there is nothing to say.</summary>
    public string? Note { get; init; }
}
