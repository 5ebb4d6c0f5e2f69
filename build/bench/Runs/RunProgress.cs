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
    private readonly BenchOptions _options;
    private readonly int _total;
    private readonly long _started = Stopwatch.GetTimestamp();

    private int _done;
    private TimeSpan _expectedOfDone;
    private TimeSpan _expectedOfRest;

    /// <summary>Begins, and says how long it will take.</summary>
    /// <param name="console">Where the lines go.</param>
    /// <param name="plan">The runs that there will be.</param>
    /// <param name="options">What they depend on.</param>
    public RunProgress(IAnsiConsole console, IReadOnlyCollection<PlannedRun> plan, BenchOptions options)
    {
        (_console, _options, _total) = (console, options, plan.Count);
        _expectedOfRest = plan.Aggregate(TimeSpan.Zero, (time, run) => time + Plan.TimeOf(run, options));
        console.MarkupLineInterpolated($"[grey]{_total} runs, {_expectedOfRest:h\\:mm\\:ss} h[/]");
    }

    public void OnEnded(PlannedRun run, RunResult result)
    {
        _done++;
        _expectedOfDone += Plan.TimeOf(run, _options);
        _expectedOfRest -= Plan.TimeOf(run, _options);
        var left = Stopwatch.GetElapsedTime(_started) / _expectedOfDone * _expectedOfRest;
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
