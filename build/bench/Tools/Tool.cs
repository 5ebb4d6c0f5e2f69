using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Bench.Tools;

/// <summary>A program that is run to its end, here or on another machine.</summary>
/// <param name="name">Its name.</param>
/// <param name="host">The machine, as ssh knows it; null for this one.</param>
internal sealed partial class Tool(string name, string? host = null)
{
    // bash knows the times of a process that has ended.
    private const string Timed = "TIMEFORMAT='times: %R %U %S'; time \"$@\"";

    public string Name { get; } = name;

    /// <summary>Where it is on this machine; null when it is not installed.</summary>
    public string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(System.IO.Path.PathSeparator)
        .Select(folder => System.IO.Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs it; what it prints comes on both outputs.</summary>
    /// <exception cref="ToolException">It is not installed, or it failed.</exception>
    public async Task<ToolOutput> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        string[] words = ["bash", "-c", Timed, Name, host is null ? InstalledPath : Name, .. arguments];
        using var process = host is null ? Start(words[0], words[1..]) : Start("ssh", [host, Quote(words)]);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            var text = await output + await errors;
            return process.ExitCode == 0
                ? new ToolOutput(text, ShareIn(text))
                : throw new ToolException($"{Name} ended with {process.ExitCode}: {text.Trim()}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>The first line that it prints on this machine, whatever its exit code: wrk -v ends with 1.</summary>
    public async Task<string> FirstLineAsync(string argument, CancellationToken cancellation)
    {
        using var process = Start(InstalledPath, [argument]);
        var lines = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return lines.Split('\n')[0].Trim();
    }

    private string InstalledPath => Path ?? throw new ToolException($"{Name} is not installed.");

    private static Process Start(string program, IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    // ssh joins its arguments and gives them to a shell.
    private static string Quote(IEnumerable<string> words) => string.Join(' ', words
        .Select(word => $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'"));

    private static double ShareIn(string text)
    {
        var times = Times().Match(text);
        return times.Success ? (Seconds(2) + Seconds(3)) / Seconds(1) : 0;

        double Seconds(int group) => double.Parse(times.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"times: ([\d.]+) ([\d.]+) ([\d.]+)")]
    private static partial Regex Times();
}
