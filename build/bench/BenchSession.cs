using Bench.Cases;
using Bench.Machine;
using Bench.Measurements;
using Bench.Reports;
using Bench.Runs;
using Bench.Servers;
using Bench.Tools;

namespace Bench;

/// <summary>Measures cases on their servers.</summary>
internal static class BenchSession
{
    /// <summary>Compares the servers by the cases, shows it and writes it.</summary>
    /// <returns>The exit code: 1 when something failed.</returns>
    public static async Task<int> CompareAsync(BenchOptions options, CancellationToken cancellation)
    {
        var (results, facts) = await MeasureAsync(
            options,
            [.. options.ChosenCases.Select(benchCase => (benchCase, options.ServersOf(benchCase)))],
            cancellation);
        var report = ComparisonReport.Of(options, results, facts);
        if (options.Summary is { } document)
        {
            report.WriteSummary(document, options.Output);
        }

        return report.Publish(Console.Out, options.Output, "README.md");
    }

    /// <summary>
    /// Measures a plan, in as many passes as each server has processes: a machine's speed changes within minutes, and
    /// what one case gives has to be of many of them.
    /// </summary>
    public static async Task<(Results Results, MachineFacts Facts)> MeasureAsync(
        BenchOptions options,
        IReadOnlyList<(BenchCase Case, IReadOnlyList<BenchServer> Servers)> plan,
        CancellationToken cancellation)
    {
        var tools = new LoadTools(options.Client, options.ClientThreads);
        await tools.PrepareAsync(cancellation);
        var session = new CaseSession(options, tools, new RunProgress(Terminal.Open(), plan, options));
        var windows = new List<WindowResult>();
        for (var pass = 0; pass < options.Processes; pass++)
        {
            foreach (var (benchCase, servers) in plan.Where(entry => entry.Servers.Count > 0))
            {
                windows.AddRange(await session.RunAsync(benchCase, servers, pass, cancellation));
            }
        }

        return (
            new Results(windows, ServerCatalog.Baseline),
            await MachineFacts.CollectAsync(tools, cancellation));
    }
}
