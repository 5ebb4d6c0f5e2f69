using System.Text.RegularExpressions;

namespace Packaging.Tests.Tidiness;

/// <summary>Every test that tests/README.md names is there, and it names every project.</summary>
public sealed partial class TestTableTests
{
    private static string Readme => File.ReadAllText(Repository.PathOf("tests", "README.md"));

    [Fact]
    public void Tests_ThatTheReadmeNames_Exist()
    {
        var sources = Repository.Files("*.cs").Select(file => File.ReadAllText(Repository.PathOf(file))).ToArray();
        var named = NamedTests().ToArray();
        var missing = named.Where(test => !sources.Any(source => Has(source, test.Suite, test.Name)));

        Assert.NotEmpty(named);
        Assert.Empty(missing);
    }

    [Fact]
    public void Projects_OfTests_AreNamedByTheReadme() => Assert.All(
        Repository.Files("*.csproj").Where(file => file.StartsWith("tests", StringComparison.Ordinal)),
        file => Assert.Contains($"`{Path.GetFileNameWithoutExtension(file)}`", Readme, StringComparison.Ordinal));

    // A suite may lie in several files. "Curl_…" is all whose names begin so; without a name the suite is meant.
    private static bool Has(string source, string suite, string name) =>
        Regex.IsMatch(source, $@"\bclass {suite}\b") &&
        (name.Length == 0 || Regex.IsMatch(source, $@"\b{name.Replace("…", @"\w*", StringComparison.Ordinal)}\("));

    /// <summary>Suites and names, in their order: a name that begins with a dot is of the suite before it.</summary>
    private static IEnumerable<(string Suite, string Name)> NamedTests()
    {
        var suite = "";
        foreach (Match test in Test().Matches(Readme))
        {
            suite = test.Groups["suite"] is { Length: > 0, Value: var named } ? named : suite;
            yield return (suite, test.Groups["name"].Value);
        }
    }

    [GeneratedRegex(@"`(?:(?<suite>\w+(?:Tests|Suite|Contract))(?:\.(?<name>\w+…?))?|\.(?<name>\w+_\w+…?))`")]
    private static partial Regex Test();
}
