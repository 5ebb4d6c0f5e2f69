using System.Diagnostics;

namespace Kqueue.Tests.Infrastructure;

/// <summary>The machine's C compiler, where it has one.</summary>
internal static class CCompiler
{
    private const string Name = "gcc";

    /// <summary>Why nothing can be compiled; null when it can.</summary>
    public static string? Missing { get; } = IsInstalled() ? null : $"{Name} is not installed";

    /// <summary>Compiles without output.</summary>
    /// <returns>What the compiler complains of; empty when it does not.</returns>
    public static Task<string> CheckAsync(string program, CancellationToken cancellationToken) =>
        RunAsync(program, ["-fsyntax-only", "-x", "c", "-"], cancellationToken);

    /// <summary>Builds a shared library in the temporary directory.</summary>
    public static async Task<BuiltLibrary> BuildLibraryAsync(string program, CancellationToken cancellationToken)
    {
        var library = new BuiltLibrary(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".so"));
        string[] arguments = ["-shared", "-fPIC", "-o", library.Path, "-x", "c", "-"];
        Assert.Equal("", await RunAsync(program, arguments, cancellationToken));
        return library;
    }

    private static bool IsInstalled() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, Name)));

    private static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var compiler = Process.Start(new ProcessStartInfo(Name, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        await compiler.StandardInput.WriteAsync(program.AsMemory(), cancellationToken);
        compiler.StandardInput.Close();
        var complaints = await compiler.StandardError.ReadToEndAsync(cancellationToken);
        await compiler.WaitForExitAsync(cancellationToken);
        return complaints;
    }
}

/// <summary>A library that a test built. Its file goes; what is loaded stays.</summary>
internal sealed class BuiltLibrary(string path) : IDisposable
{
    public string Path { get; } = path;

    public void Dispose() => File.Delete(Path);
}
