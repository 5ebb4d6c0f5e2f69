using System.Reflection;

namespace Bench.Servers;

/// <summary>Where this repository lies, and what was built of it.</summary>
internal static class BuildOutput
{
    /// <summary>The repository's folder.</summary>
    public static string RepositoryRoot { get; } = Metadata("RepositoryRoot");

    /// <summary>The program of a project that was built together with this one.</summary>
    public static string PathOf(string folder, string program) =>
        Path.Combine(RepositoryRoot, folder, "bin", Metadata("Configuration"), "net10.0", program);

    private static string Metadata(string key) => typeof(BuildOutput).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
