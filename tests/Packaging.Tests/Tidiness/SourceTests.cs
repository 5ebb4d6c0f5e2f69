namespace Packaging.Tests.Tidiness;

/// <summary>What the formatter leaves to whoever writes.</summary>
public sealed class SourceTests
{
    private const int ColumnsMax = 120;

    // Others' code, as it came.
    private static readonly string s_bundled = Path.Combine("Page", "uplot");

    [Fact]
    public void Lines_OfSources_FitIntoTheirColumns()
    {
        string[] files =
        [
            .. Repository.Files("*.cs"), .. Repository.Files("*.csproj"), .. Repository.Files("*.props"),
            .. Repository.Files("*.css"), .. Repository.Files("*.js"),
        ];
        var longLines =
            from file in files
            where !file.Contains(s_bundled, StringComparison.Ordinal)
            from line in File.ReadLines(Repository.PathOf(file)).Index()
            where line.Item.Length > ColumnsMax
            select $"{file}:{line.Index + 1}";

        Assert.NotEmpty(files);
        Assert.Empty(longLines);
    }
}
