using System.Reflection;

namespace Packaging.Tests;

/// <summary>Where the sources lie, and how they were built.</summary>
internal static class Repository
{
    /// <summary>The configuration that these tests, and so the libraries, were built in.</summary>
    public static string Configuration { get; } = Metadata(nameof(Configuration));

    public static string PathOf(params string[] parts) => Path.Combine([Metadata("RepositoryRoot"), .. parts]);

    private static string Metadata(string key) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
