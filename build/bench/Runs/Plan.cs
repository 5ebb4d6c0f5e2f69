using Bench.Cases;
using Bench.Servers;

namespace Bench.Runs;

/// <summary>Which runs are made, in which order.</summary>
internal static class Plan
{
    // A tenth for the server, and one for every time that a load tool begins.
    private static readonly TimeSpan s_startAndEnd = TimeSpan.FromSeconds(0.4);

    /// <summary>
    /// All runs: round by round, and case by case within a round, so that the servers of a case take turns and each
    /// ratio compares runs that follow each other. Every round begins with another server.
    /// </summary>
    public static IEnumerable<PlannedRun> Of(BenchOptions options) =>
        from round in Enumerable.Range(1, options.Rounds)
        from benchCase in CasesOf(options)
        from server in Turn(ServersOf(options, benchCase), round)
        select new PlannedRun(benchCase, server, round);

    /// <summary>How long a run will take, with the start and the end of the server.</summary>
    public static TimeSpan TimeOf(PlannedRun run, BenchOptions options) =>
        run.Case.TimeOf(options.WarmupOf(run.Server, run.Case), options.Duration) + s_startAndEnd;

    public static IReadOnlyList<BenchCase> CasesOf(BenchOptions options) =>
        [.. CaseCatalog.All.Where(benchCase => options.Cases?.Contains(benchCase.Name) ?? true)];

    private static List<BenchServer> ServersOf(BenchOptions options, BenchCase benchCase) =>
        [.. ServerCatalog.All
            .Where(server => server.Missing is null && benchCase.Suits(server))
            .Where(server => options.Servers?.Contains(server.Name) ?? benchCase.ComparesByDefault(server))];

    private static IEnumerable<BenchServer> Turn(List<BenchServer> servers, int round)
    {
        var first = servers.Count == 0 ? 0 : (round - 1) % servers.Count;
        return servers.Skip(first).Concat(servers.Take(first));
    }
}
