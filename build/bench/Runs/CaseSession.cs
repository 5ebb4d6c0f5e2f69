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
    private static readonly TimeSpan s_processTime = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_windowTime = TimeSpan.FromSeconds(0.2);

    /// <summary>How long a pass through a case will take.</summary>
    public static TimeSpan TimeOf(BenchCase benchCase, IReadOnlyList<BenchServer> servers, BenchOptions options)
    {
        var windows = WindowsOf(benchCase, options) * (benchCase.TimeOf(options.Duration) + s_windowTime);
        return servers.Count * (windows + (benchCase.StartsProcesses ? TimeSpan.Zero : s_processTime));
    }

    /// <summary>Measures, with new processes. What fails is part of the results, with the reason.</summary>
    /// <param name="benchCase">What is measured.</param>
    /// <param name="servers">What is compared.</param>
    /// <param name="pass">How often the case has been measured before.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task<IReadOnlyList<WindowResult>> RunAsync(
        BenchCase benchCase, IReadOnlyList<BenchServer> servers, int pass, CancellationToken cancellation)
    {
        var windows = WindowsOf(benchCase, options);
        var results = new List<WindowResult>();
        try
        {
            await using var lineup = benchCase.StartsProcesses
                ? Lineup.Empty
                : await Lineup.StartAsync(benchCase, servers, options, cancellation);
            await new WarmUp(benchCase, tools, progress).RunAsync(lineup.All, cancellation);
            await using var background = await benchCase.BeginAsync(
                [.. lineup.All.Select(entry => entry.Process)], tools, cancellation);
            for (var round = pass * windows; round < (pass + 1) * windows; round++)
            {
                var turn = servers.ToArray();
                Random.Shared.Shuffle(turn);
                foreach (var server in turn)
                {
                    // Where each window has its own process, none of them has anything in common with another one.
                    var process = benchCase.StartsProcesses ? round : pass;
                    var run = RunOn(benchCase, server, lineup.Of(server));
                    var measurement = await TryAsync(async () => await benchCase.MeasureAsync(run, cancellation));
                    Add(new WindowResult(benchCase.Name, server.Name, process, round, measurement!));
                }
            }

            // What does not depend on the machine's speed need not be counted again.
            foreach (var (server, process) in pass == 0 ? lineup.All : [])
            {
                var run = RunOn(benchCase, server, process);
                if (await TryAsync(() => benchCase.CountAsync(run, cancellation)) is { } count)
                {
                    Add(new WindowResult(benchCase.Name, server.Name, Process: 0, Round: -1, count));
                }
            }
        }
        catch (ToolException e)
        {
            // A round of its own, which no pair has.
            Add(new WindowResult(benchCase.Name, servers[0].Name, pass, -2 - pass, Measurement.Failed(e.Message)));
        }

        progress.OnEnded(benchCase, servers, results);
        return results;

        void Add(WindowResult result)
        {
            results.Add(result);
            progress.OnWindow(result);
        }
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
