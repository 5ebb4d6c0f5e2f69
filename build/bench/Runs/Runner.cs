using System.Net.Sockets;
using Bench.Cases;
using Bench.Measurements;
using Bench.Tools;

namespace Bench.Runs;

/// <summary>Makes the runs of a plan, each on a server of its own.</summary>
internal sealed class Runner(BenchOptions options, LoadTools tools, RunProgress progress)
{
    /// <summary>Runs them one after another. A run that fails is part of the results, with the reason.</summary>
    public async Task<IReadOnlyList<RunResult>> RunAsync(
        IReadOnlyList<PlannedRun> plan, CancellationToken cancellation)
    {
        var results = new List<RunResult>();
        foreach (var run in plan)
        {
            var measurement = await MeasureAsync(run, cancellation);
            var result = new RunResult(run.Case.Name, run.Server.Name, run.Round, measurement);
            results.Add(result);
            progress.OnEnded(run, result);
        }

        return results;
    }

    // A fresh process for every run: compiled code and a grown heap carry over from case to case and were seen to
    // distort ratios by a fifth.
    private async Task<Measurement> MeasureAsync(PlannedRun run, CancellationToken cancellation)
    {
        try
        {
            await using var server = await run.Server.StartAsync(run.Case.Setting, cancellation);
            return await run.Case.MeasureAsync(
                new CaseRun(server, tools, options.WarmupOf(run.Server, run.Case), options.Duration), cancellation);
        }
        catch (Exception e) when (e is ToolException or IOException or SocketException)
        {
            return Measurement.Failed(e.Message);
        }
    }
}
