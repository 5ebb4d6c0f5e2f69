using Bench.Cases;
using Bench.Loads;
using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Runs;

/// <summary>
/// Loads processes until nothing is left to compile. At a pace first, all at the same time, because .NET's compiler
/// gets little of a processor that is busy: under full load it was seen to take nine seconds, at a pace four. Then in
/// full, one after the other, which reaches what the pace does not.
/// </summary>
internal sealed class WarmUp(BenchCase benchCase, LoadTools tools, RunProgress progress)
{
    // Where other programs take the processors, the compiler may be idle for seconds and not be done.
    private const int PacedQuietSeconds = 3;
    private const int PacedSecondsMax = 30;

    private const int FullQuietSeconds = 1;
    private const int FullSecondsMax = 6;

    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    /// <summary>Warms up.</summary>
    /// <exception cref="ToolException">A load failed.</exception>
    public async Task RunAsync(
        IReadOnlyList<(BenchServer Server, ServerProcess Process)> lineup, CancellationToken cancellation)
    {
        // What is not compiled here is warm when it has started.
        ServerProcess[] processes = [.. lineup.Where(entry => entry.Server.IsWebApp).Select(entry => entry.Process)];
        if (processes.Length == 0 || benchCase.WarmUpFor(processes[0].EndPoints) is null)
        {
            return;
        }

        var paced = await Task.WhenAll(processes.Select(process =>
            UntilCompiledAsync(process, LoadOn(process).Paced(), PacedQuietSeconds, PacedSecondsMax, cancellation)));
        var full = 0;
        foreach (var process in processes)
        {
            full += await UntilCompiledAsync(process, LoadOn(process), FullQuietSeconds, FullSecondsMax, cancellation);
        }

        progress.OnWarm(benchCase, processes.Length, paced.Max(), full);
    }

    private Load LoadOn(ServerProcess process) => benchCase.WarmUpFor(process.EndPoints)!;

    /// <summary>Loads and returns how many seconds it took.</summary>
    private async Task<int> UntilCompiledAsync(
        ServerProcess process, Load load, int quietSeconds, int secondsMax, CancellationToken cancellation)
    {
        var (seconds, quiet) = (0, 0);
        while (quiet < quietSeconds && seconds < secondsMax)
        {
            var before = await process.ReadCountersAsync(cancellation);
            await load.RunAsync(tools, s_step, cancellation);
            var compiled = (await process.ReadCountersAsync(cancellation) - before).CompiledMethods;
            seconds++;

            // A process that does not say what it compiles is given half of the time.
            var isQuiet = process.HasCounters ? compiled <= Results.CompiledMax : seconds > FullSecondsMax / 2;
            quiet = isQuiet ? quiet + 1 : 0;
        }

        return seconds;
    }
}
