namespace Bench.Reports;

/// <summary>
/// A part of a Markdown document that the command writes: between <c>&lt;!-- name --&gt;</c> and
/// <c>&lt;!-- /name --&gt;</c>.
/// </summary>
internal static class MarkedSection
{
    /// <summary>Whether the document has both marks, in their order.</summary>
    public static bool IsIn(string document, string name) => BoundsOf(document, name) is not null;

    /// <summary>Replaces what is between the marks.</summary>
    /// <exception cref="ArgumentException">The document has no such marks.</exception>
    public static string Replace(string document, string name, string text)
    {
        var (start, end) = BoundsOf(document, name)
            ?? throw new ArgumentException($"There are no marks of the name {name}.", nameof(document));
        return $"{document[..start]}\n{text}{document[end..]}";
    }

    private static (int Start, int End)? BoundsOf(string document, string name)
    {
        var opening = $"<!-- {name} -->";
        var start = document.IndexOf(opening, StringComparison.Ordinal) + opening.Length;
        var end = document.IndexOf($"<!-- /{name} -->", StringComparison.Ordinal);
        return start >= opening.Length && end >= start ? (start, end) : null;
    }
}
