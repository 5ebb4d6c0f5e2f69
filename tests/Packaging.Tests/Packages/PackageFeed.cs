using System.IO.Compression;

namespace Packaging.Tests.Packages;

/// <summary>
/// A temporary folder with the packages of both libraries, and room for projects that restore them from there, and
/// only from there: what a project needs besides comes with the SDK.
/// </summary>
public sealed class PackageFeed : IAsyncLifetime
{
    /// <summary>Where the packages say that they come from, as in the CI of whoever hosts the project.</summary>
    internal const string Address = "https://git.example/owner/name";

    // The packages' own version would be found in the machine's package cache as whoever restored it last left it.
    private static readonly string s_version = $"0.0.0-test.{DateTime.UtcNow.Ticks}";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("packaging-tests-");

    public async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await PackAsync("Kqueue", deadline.Token);
        await PackAsync("KqueueTransport", deadline.Token);
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "nuget.config"),
            """
            <configuration>
              <config>
                <add key="globalPackagesFolder" value="restored" />
              </config>
              <packageSources>
                <clear />
                <add key="feed" value="feed" />
              </packageSources>
            </configuration>
            """,
            deadline.Token);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Makes a project by a template of the SDK and lets it use a package.</summary>
    internal async Task<NewProject> CreateProjectAsync(string template, string package, CancellationToken deadline)
    {
        var name = $"{template}-{Guid.NewGuid():N}";
        var folder = Path.Combine(_folder.FullName, name);
        await DotNet.RunAsync(["new", template, "--no-restore", "--output", folder], deadline);
        var project = new NewProject(folder, name);
        project.AddPackage(package, s_version);
        return project;
    }

    /// <summary>Opens a package; the caller disposes it.</summary>
    internal ZipArchive Open(string package, string extension) =>
        ZipFile.OpenRead(Path.Combine(_folder.FullName, "feed", $"{package}.{s_version}.{extension}"));

    // The libraries are built already, as these tests refer to them.
    private Task<string> PackAsync(string library, CancellationToken deadline) => DotNet.RunAsync(
        [
            "pack", Repository.PathOf("src", library), "--no-build", "--configuration", Repository.Configuration,
            "--output", Path.Combine(_folder.FullName, "feed"), $"-p:PackageVersion={s_version}",
            "-p:GITHUB_SERVER_URL=https://git.example", "-p:GITHUB_REPOSITORY=owner/name",
        ],
        deadline);
}
