using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>A load that one wrk makes.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="loadOn">The load for a server.</param>
internal sealed class WrkCase(string name, string title, Func<ServerEndPoints, WrkLoad> loadOn) : BenchCase(name, title)
{
    // wrk opens its connections within the time that it measures. Thousands at once overflow the backlog, and the peer
    // of a lost SYN tries again after a second.
    private const int ConnectionsPerExtraSecond = 2_000;

    /// <summary>
    /// Whether wrk's percentiles hold. Under pipelining they do not: wrk fills in the requests that a slow answer kept
    /// it from making, at a pace that it takes from single requests, and so counts some that are faster than any.
    /// </summary>
    public bool HasLatencies { get; init; } = true;

    public override CaseGroup Group => CaseGroup.Load;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var load = loadOn(run.Server.EndPoints) with { IsBesideServer = Setting.IsOnOneProcessor };
        await run.Tools.Wrk.WarmUpAsync(load, run.Warmup, cancellation);
        var duration = run.Duration + TimeSpan.FromSeconds(load.Connections / ConnectionsPerExtraSecond);
        var before = run.Server.Cpu;
        var (report, client) = await run.Tools.Wrk.RunAsync(load, duration, cancellation);
        var cpu = run.Server.Cpu - before;
        if (report.Requests == 0)
        {
            return Measurement.Failed("No request was answered.");
        }

        var values = new Dictionary<Metric, double>
        {
            [Metric.RequestRate] = report.RequestsPerSecond,
            [Metric.CpuPerRequest] = cpu.TotalMicroseconds / report.Requests,
            [Metric.Memory] = run.Server.ResidentBytes / (double)(1 << 20),
            [Metric.ClientCpu] = client.PerThread,
        };
        if (UsesAllProcessors(load))
        {
            values[Metric.Ceiling] = Ceiling.Of(
                report.RequestsPerSecond, cpu / report.Requests, client, Environment.ProcessorCount);
        }

        if (HasLatencies)
        {
            values[Metric.P50] = report.P50.TotalMilliseconds;
            values[Metric.P99] = report.P99.TotalMilliseconds;
            values[Metric.P999] = report.P999.TotalMilliseconds;
        }

        return new Measurement(values, report.Errors);
    }

    // Of a single connection, one side waits while the other works.
    private bool UsesAllProcessors(WrkLoad load) =>
        !Setting.IsOnOneProcessor && load.Connections >= Environment.ProcessorCount;
}
