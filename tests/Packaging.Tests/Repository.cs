using System.Reflection;

namespace Packaging.Tests;

/// <summary>Where the sources lie, and how they were built.</summary>
internal static class Repository
{
    private static readonly string[] s_made = ["bin", "obj", "artifacts", "node_modules"];

    /// <summary>The configuration that these tests, and so the libraries, were built in.</summary>
    public static string Configuration { get; } = Metadata(nameof(Configuration));

    public static string PathOf(params string[] parts) => Path.Combine([Metadata("RepositoryRoot"), .. parts]);

    /// <summary>The files that match a pattern, by their paths in the repository, but for what a build makes.</summary>
    public static IEnumerable<string> Files(string pattern) => Directory
        .EnumerateFiles(PathOf(), pattern, SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(PathOf(), file))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(s_made.Contains))
        .Order(StringComparer.Ordinal);

    private static string Metadata(string key) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
