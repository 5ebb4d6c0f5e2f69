using System.Text.RegularExpressions;

namespace Packaging.Tests.Tidiness;

/// <summary>The front page is short, and what it says of the kernels is what their page says.</summary>
public sealed partial class FrontPageTests
{
    private const int CharactersMax = 6_000;

    private static readonly string s_readme = File.ReadAllText(Repository.PathOf("README.md"));

    [Fact]
    public void Readme_OfTheRepository_IsReadInAMinute() => Assert.InRange(s_readme.Length, 1, CharactersMax);

    [Fact]
    public void Kernels_OfTheReadme_AreTheLastRowOfThePage()
    {
        var page = File.ReadAllLines(Repository.PathOf("tests", "kernels.md"));
        var kernels = CellsOf(page.Single(line => line.StartsWith("| suite |", StringComparison.Ordinal)));
        var outcomes = CellsOf(page.Single(line => line.StartsWith("| all |", StringComparison.Ordinal)));

        var rows = Row().Matches(Section().Match(s_readme).Value)
            .Select(row => (row.Groups["kernel"].Value, row.Groups["outcome"].Value.Replace(" | ", " · ")));

        Assert.NotEmpty(outcomes);
        Assert.Equal(kernels.Zip(outcomes), rows);
    }

    // Behind the name of the row.
    private static string[] CellsOf(string row) =>
        [.. row.Trim('|').Split('|', StringSplitOptions.TrimEntries).Skip(1)];

    [GeneratedRegex("<!-- kernels -->.*<!-- /kernels -->", RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| (?<kernel>[^|]+) \| (?<outcome>\d+ \| \d+ \| \d+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
