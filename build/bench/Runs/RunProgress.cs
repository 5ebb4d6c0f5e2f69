using System.Diagnostics;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;
using Spectre.Console;

namespace Bench.Runs;

/// <summary>Shows where the measurement is: what each case gave, and how long the rest will take.</summary>
internal sealed class RunProgress
{
    private static readonly Metric[] s_shown =
    [
        Metric.RequestRate, Metric.CpuPerRequest, Metric.P99, Metric.FirstAnswer, Metric.RawIdle, Metric.HttpIdle,
    ];

    private readonly IAnsiConsole _console;
    private readonly BenchOptions _options;
    private readonly long _started = Stopwatch.GetTimestamp();

    private TimeSpan _expectedOfDone;
    private TimeSpan _expectedOfRest;

    /// <summary>Begins, and says how long it will take.</summary>
    /// <param name="console">Where the lines go.</param>
    /// <param name="plan">The cases and their servers.</param>
    /// <param name="options">What they depend on.</param>
    public RunProgress(
        IAnsiConsole console,
        IReadOnlyCollection<(BenchCase Case, IReadOnlyList<BenchServer> Servers)> plan,
        BenchOptions options)
    {
        (_console, _options) = (console, options);
        _expectedOfRest = options.Processes * plan.Aggregate(
            TimeSpan.Zero, (time, entry) => time + CaseSession.TimeOf(entry.Case, entry.Servers, options));
        console.MarkupLineInterpolated(
            $"[grey]{plan.Count} cases, {options.Processes} passes, {_expectedOfRest:h\\:mm\\:ss} h[/]");
    }

    public void OnWarm(BenchCase benchCase, int processes, int paced, int full) => _console.MarkupLineInterpolated(
        $"[grey]{benchCase.Name}: {processes} processes warm after {paced} s at a pace and {full} s in full[/]");

    public void OnWindow(WindowResult result)
    {
        foreach (var problem in result.Measurement.Problems)
        {
            _console.MarkupLineInterpolated($"[yellow]{result.Case} on {result.Server}: {problem}[/]");
        }
    }

    public void OnEnded(
        BenchCase benchCase, IReadOnlyList<BenchServer> servers, IReadOnlyList<WindowResult> windows)
    {
        var expected = CaseSession.TimeOf(benchCase, servers, _options);
        (_expectedOfDone, _expectedOfRest) = (_expectedOfDone + expected, _expectedOfRest - expected);
        var left = Stopwatch.GetElapsedTime(_started) / _expectedOfDone * _expectedOfRest;
        _console.MarkupLineInterpolated($"[grey]{left:mm\\:ss} left[/]  {benchCase.Title}");
        var results = new Results(windows, servers[0].Name);
        foreach (var server in servers)
        {
            var values = s_shown
                .Select(metric => (metric, Mean: results.Mean(benchCase.Name, server.Name, metric)))
                .Where(entry => entry.Mean is not null)
                .Select(entry => $"{entry.metric.Write(entry.Mean!.Value)} {entry.metric.Name}" +
                    $" ({results.RatioOf(benchCase.Name, server.Name, entry.metric)})");
            _console.MarkupLineInterpolated($"      {server.Name,-20} {string.Join(", ", values)}");
        }
    }
}
