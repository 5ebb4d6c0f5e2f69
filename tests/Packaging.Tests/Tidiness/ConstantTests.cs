using System.Text.RegularExpressions;

namespace Packaging.Tests.Tidiness;

/// <summary>The page of tuned constants is about those of the source, and there are few.</summary>
public sealed partial class ConstantTests
{
    private const int CountMax = 20;

    private static readonly string s_docs = Repository.PathOf("src", "KqueueTransport", "docs");

    [Fact]
    public void Constants_OfThePage_AreInTheSourceWithTheirValues()
    {
        var named = Named().ToArray();
        var wrong =
            from constant in named
            let source = File.ReadAllText(Path.Combine(s_docs, constant.File))
            where !source.Contains($" {constant.Name} = {constant.Value};", StringComparison.Ordinal)
            select constant;

        Assert.NotEmpty(named);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Constants_OfThePage_AreFew() => Assert.InRange(Named().Count(), 1, CountMax);

    private static IEnumerable<(string Name, string Value, string File)> Named() =>
        from Match section in Section().Matches(File.ReadAllText(Path.Combine(s_docs, "constants.md")))
        select (
            section.Groups["name"].Value,
            section.Groups["value"].Value,
            section.Groups["file"].Value);

    [GeneratedRegex(
        @"^### `\w+\.(?<name>\w+)` = `(?<value>[^`]+)`\n\n\[[\w.]+\]\((?<file>[^)]+)\)", RegexOptions.Multiline)]
    private static partial Regex Section();
}
