using System.Text.RegularExpressions;

namespace Packaging.Tests.Tidiness;

/// <summary>Every link of a document to a place in this repository leads there.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Documents => [.. Repository.Files("*.md")];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_OfADocument_LeadSomewhere(string document)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(document))!;
        var broken = Link().Matches(File.ReadAllText(Repository.PathOf(document)))
            .Where(link => !Exists(
                link.Groups["path"] is { Length: > 0, Value: var path }
                    ? Path.GetFullPath(Path.Combine(folder, path))
                    : Repository.PathOf(document),
                link.Groups["heading"].Value))
            .Select(link => link.Value);

        Assert.Empty(broken);
    }

    // Paths from the top, or the ends of some; a star stands for some of a name. What is made is in artifacts.
    [Fact]
    public void Files_ThatContributingNames_AreThere()
    {
        var files = Repository.Files("*").ToArray();
        var named = FileName().Matches(File.ReadAllText(Repository.PathOf(".github", "CONTRIBUTING.md")))
            .Select(name => name.Groups["path"].Value)
            .Where(name => !name.StartsWith("artifacts/", StringComparison.Ordinal)).ToArray();
        var missing = named.Where(name => !files.Any(FilePattern(name).IsMatch)).ToArray();

        Assert.NotEmpty(named);
        Assert.Empty(missing);
    }

    private static Regex FilePattern(string name) =>
        new($"(^|/){Regex.Escape(name).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}(/|$)");

    private static bool Exists(string path, string heading) =>
        Path.Exists(path) && (heading.Length == 0 || Headings(path).Contains(heading));

    // As GitHub makes them of headings: without punctuation, with hyphens for blanks.
    private static IEnumerable<string> Headings(string path) => File.ReadLines(path)
        .Where(line => line.StartsWith('#'))
        .Select(line => Punctuation().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?!https?:)(?<path>[^)#\s]*)(#(?<heading>[^)]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?:dotnet run )?(?<path>[\w.*-]+(?:/[\w.*-]+)+|[\w.*]+\.(?:cs|json|md))`")]
    private static partial Regex FileName();

    [GeneratedRegex(@"[^\w -]")]
    private static partial Regex Punctuation();
}
