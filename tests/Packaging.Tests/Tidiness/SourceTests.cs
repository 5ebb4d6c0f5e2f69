namespace Packaging.Tests.Tidiness;

/// <summary>What the formatter leaves to whoever writes.</summary>
public sealed class SourceTests
{
    private const int ColumnsMax = 120;

    // So that the tree alone shows where something is, and a file has one subject.
    private const int FilesMax = 14;
    private const int LinesMax = 250;

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

    [Fact]
    public void Folders_OfTheLibraries_HaveFewFiles()
    {
        var full =
            from file in Libraries()
            group file by Path.GetDirectoryName(file) into folder
            where folder.Count() > FilesMax
            select $"{folder.Key}: {folder.Count()}";

        Assert.NotEmpty(Libraries());
        Assert.Empty(full);
    }

    [Fact]
    public void Files_OfTheLibraries_AreShort()
    {
        var longFiles =
            from file in Libraries()
            let lines = File.ReadLines(Repository.PathOf(file)).Count()
            where lines > LinesMax
            select $"{file}: {lines}";

        Assert.Empty(longFiles);
    }

    // Extensions are found beside what they extend.
    [Fact]
    public void Namespaces_OfTheLibraries_AreTheFolders()
    {
        var elsewhere =
            from file in Libraries()
            where !file.EndsWith("Extensions.cs", StringComparison.Ordinal)
            let folders = Path.GetDirectoryName(file)!.Split(Path.DirectorySeparatorChar)[1..]
            where !File.ReadLines(Repository.PathOf(file)).Contains($"namespace {string.Join('.', folders)};")
            select file;

        Assert.Empty(elsewhere);
    }

    private static string[] Libraries() =>
        [.. Repository.Files("*.cs").Where(file => file.Split(Path.DirectorySeparatorChar)[0] == "src")];
}
