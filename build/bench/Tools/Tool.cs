using System.Diagnostics;
using Bench.Machine;

namespace Bench.Tools;

/// <summary>A program of the system that is run to its end.</summary>
internal sealed class Tool(string name)
{
    private static readonly TimeSpan s_samplePeriod = TimeSpan.FromMilliseconds(100);

    public string Name { get; } = name;

    /// <summary>Where it is; null when it is not installed.</summary>
    public string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(System.IO.Path.PathSeparator)
        .Select(folder => System.IO.Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>Runs it; what it prints comes on both outputs.</summary>
    /// <exception cref="ToolException">It is not installed, or it failed.</exception>
    public async Task<ToolOutput> RunAsync(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        using var process = Start(arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            var share = await WatchAsync(process, cancellation);
            var text = await output + await errors;
            return process.ExitCode == 0
                ? new ToolOutput(text, share)
                : throw new ToolException($"{Name} ended with {process.ExitCode}: {text.Trim()}");
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>The first line that it prints, whatever its exit code: wrk -v ends with 1.</summary>
    public async Task<string> FirstLineAsync(string argument, CancellationToken cancellation)
    {
        using var process = Start([argument]);
        var lines = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return lines.Split('\n')[0].Trim();
    }

    private Process Start(IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo(Path ?? throw new ToolException($"{Name} is not installed."), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Waits for its end and returns the share of a core that it used until then.</summary>
    private static async Task<double> WatchAsync(Process process, CancellationToken cancellation)
    {
        // The times of a process are gone once it has ended, so the last look before the end counts.
        var started = Stopwatch.GetTimestamp();
        var share = 0.0;
        var ended = process.WaitForExitAsync(cancellation);
        while (await Task.WhenAny(ended, Task.Delay(s_samplePeriod, cancellation)) != ended)
        {
            if (ProcessTimes.CpuOf(process.Id) is { } cpu)
            {
                share = cpu / Stopwatch.GetElapsedTime(started);
            }
        }

        await ended;
        return share;
    }
}
