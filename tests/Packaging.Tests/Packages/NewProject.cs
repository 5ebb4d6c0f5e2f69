namespace Packaging.Tests.Packages;

/// <summary>A project of somebody who uses the packages.</summary>
internal sealed class NewProject(string folder, string name)
{
    private string ProjectFile => Path.Combine(folder, $"{name}.csproj");

    private string ProgramFile => Path.Combine(folder, "Program.cs");

    public void AddPackage(string package, string version) => Replace(
        ProjectFile,
        "</Project>",
        $"""
          <ItemGroup>
            <PackageReference Include="{package}" Version="{version}" />
          </ItemGroup>
        </Project>
        """);

    public void WriteProgram(string source) => File.WriteAllText(ProgramFile, source);

    public void AddLineBehind(string line, string added) => Replace(ProgramFile, line, $"{line}\n{added}");

    /// <summary>Restores and builds it, with warnings as errors, and starts it.</summary>
    public async Task<RunningProgram> StartAsync(
        CancellationToken deadline,
        IEnumerable<string>? arguments = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        // A shared compiler would outlive the test.
        await DotNet.RunAsync(["build", folder, "-warnaserror", "-p:UseSharedCompilation=false"], deadline);
        return RunningProgram.Start(
            Path.Combine(folder, "bin", "Debug", "net10.0", name), arguments ?? [], environment);
    }

    private static void Replace(string file, string old, string by)
    {
        var text = File.ReadAllText(file);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(old, by, StringComparison.Ordinal));
    }
}
