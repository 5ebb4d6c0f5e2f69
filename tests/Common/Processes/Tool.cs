using System.Diagnostics;

namespace Common.Processes;

/// <summary>A program of the system that a test runs to its end.</summary>
internal sealed class Tool
{
    private Tool(string path) => Path = path;

    /// <summary>Where it is, for <see cref="RunningProgram"/>.</summary>
    public string Path { get; }

    /// <summary>
    /// Finds a program, or skips the test. Where CI is true it fails the test instead, but only on Linux, which has all
    /// of them; what other systems have is for <c>.ci/install-tools</c> to know.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="package">The Debian package that has it.</param>
    public static Tool Require(string name, string package)
    {
        Assert.SkipWhen(name == "nc" && OperatingSystem.IsMacOS(), "macOS's nc has no -N, which sends FIN at the end.");
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
            .Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (path is null)
        {
            var reason = $"{name} is not installed; on Debian it is in the package {package}.";
            Assert.False(OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }

        return new Tool(path!);
    }

    /// <summary>Runs it and returns what it printed on both outputs.</summary>
    public Task<string> RunAsync(CancellationToken deadline, params string[] arguments) =>
        RunAsync(arguments, input: "", deadline);

    /// <summary>Runs it with this on its standard input, and returns what it printed on both outputs.</summary>
    public async Task<string> RunAsync(string[] arguments, string input, CancellationToken deadline)
    {
        using var process = Process.Start(new ProcessStartInfo(Path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), deadline);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(deadline);
            var errors = process.StandardError.ReadToEndAsync(deadline);
            await process.WaitForExitAsync(deadline);
            var printed = await output + await errors;
            Assert.True(process.ExitCode == 0, $"{Path} ended with {process.ExitCode}: {printed}");
            return printed;
        }
        finally
        {
            process.Kill();
        }
    }
}
