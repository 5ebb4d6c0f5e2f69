using System.Diagnostics;
using Bench.Measurements;
using Spectre.Console;

namespace Bench.Runs;

/// <summary>Shows where the runs are: a line for each, with what it gave and how long the rest will take.</summary>
internal sealed class RunProgress
{
    private static readonly Metric[] s_shown =
    [
        Metric.RequestRate, Metric.CpuPerRequest, Metric.P99, Metric.BlockedRate, Metric.RawIdle, Metric.HttpIdle,
    ];

    private readonly IAnsiConsole _console;
    private readonly int _total;
    private readonly long _started = Stopwatch.GetTimestamp();

    private int _done;

    /// <summary>Begins.</summary>
    /// <param name="console">Where the lines go.</param>
    /// <param name="total">How many runs there will be.</param>
    public RunProgress(IAnsiConsole console, int total)
    {
        _console = console;
        _total = total;
        console.MarkupLineInterpolated($"[grey]{total} runs[/]");
    }

    public void OnEnded(RunResult result)
    {
        _done++;
        var left = Stopwatch.GetElapsedTime(_started) / _done * (_total - _done);
        _console.MarkupInterpolated($"[grey]{_done,4}/{_total}, {left:mm\\:ss} left[/]  ");
        _console.MarkupLineInterpolated($"{result.Case,-14} {result.Server,-13} {Describe(result)}");
        foreach (var problem in result.Measurement.Problems)
        {
            _console.MarkupLineInterpolated($"[yellow]      {problem}[/]");
        }
    }

    private static string Describe(RunResult result) => string.Join(", ", s_shown
        .Where(result.Measurement.Values.ContainsKey)
        .Select(metric => $"{metric.Write(result.Measurement.Values[metric])} {metric.Name}"));
}
