using System.Net.Sockets;
using System.Net.WebSockets;
using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Runs;

/// <summary>Measures a case: starts its servers, warms them, and takes windows of them in turn.</summary>
internal sealed class CaseSession(BenchOptions options, LoadTools tools, RunProgress progress)
{
    // What a start, a warm-up and an end take for each process, and the tools for each window, seen here.
    private static readonly TimeSpan s_processTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_windowTime = TimeSpan.FromSeconds(0.2);

    /// <summary>How long a case will take.</summary>
    public static TimeSpan TimeOf(BenchCase benchCase, IReadOnlyList<BenchServer> servers, BenchOptions options)
    {
        var processes = benchCase.StartsProcesses ? 0 : options.Processes;
        var windows = options.Processes * WindowsOf(benchCase, options);
        return servers.Count *
            ((processes * s_processTime) + (windows * (benchCase.TimeOf(options.Duration) + s_windowTime)));
    }

    /// <summary>Measures. What fails is part of the results, with the reason.</summary>
    public async Task<IReadOnlyList<WindowResult>> RunAsync(
        BenchCase benchCase, IReadOnlyList<BenchServer> servers, CancellationToken cancellation)
    {
        var results = new List<WindowResult>();
        try
        {
            await using var lineup = benchCase.StartsProcesses
                ? Lineup.Empty
                : await Lineup.StartAsync(benchCase, servers, options, cancellation);
            await new WarmUp(benchCase, tools, progress).RunAsync(lineup.All, cancellation);
            await using var background = await benchCase.BeginAsync(
                [.. lineup.All.Select(entry => entry.Process)], tools, cancellation);
            for (var round = 0; round < options.Processes * WindowsOf(benchCase, options); round++)
            {
                var turn = servers.ToArray();
                Random.Shared.Shuffle(turn);
                foreach (var server in turn)
                {
                    results.Add(await MeasureAsync(benchCase, server, lineup, round, cancellation));
                }
            }

            foreach (var entry in lineup.All.DistinctBy(entry => entry.Server))
            {
                var run = RunOn(benchCase, entry.Server, entry.Process);
                var count = await TryAsync(() => benchCase.CountAsync(run, cancellation));
                if (count is not null)
                {
                    results.Add(new WindowResult(benchCase.Name, entry.Server.Name, Process: 0, Round: -1, count));
                }
            }
        }
        catch (ToolException e)
        {
            var failure = Measurement.Failed(e.Message);
            results.Add(new WindowResult(benchCase.Name, servers[0].Name, Process: 0, Round: -2, failure));
            progress.OnWindow(results[^1]);
        }

        progress.OnEnded(benchCase, servers, results);
        return results;
    }

    private async Task<WindowResult> MeasureAsync(
        BenchCase benchCase, BenchServer server, Lineup lineup, int round, CancellationToken cancellation)
    {
        // Where each window has its own process, none of them has anything in common with another one.
        var number = benchCase.StartsProcesses ? round : round % options.Processes;
        var run = RunOn(benchCase, server, benchCase.StartsProcesses ? null : lineup.Of(server, number));
        var measurement = await TryAsync(async () => await benchCase.MeasureAsync(run, cancellation));
        var result = new WindowResult(benchCase.Name, server.Name, number, round, measurement!);
        progress.OnWindow(result);
        return result;
    }

    private CaseRun RunOn(BenchCase benchCase, BenchServer server, ServerProcess? process) =>
        new(server, process, options.SettingOf(benchCase), tools, options.Duration);

    private static int WindowsOf(BenchCase benchCase, BenchOptions options) =>
        Math.Min(options.Windows, benchCase.WindowsPerProcess ?? int.MaxValue);

    private static async Task<Measurement?> TryAsync(Func<Task<Measurement?>> measure)
    {
        try
        {
            return await measure();
        }
        catch (Exception e) when (e is ToolException or IOException or SocketException or WebSocketException)
        {
            return Measurement.Failed(e.Message);
        }
    }
}
