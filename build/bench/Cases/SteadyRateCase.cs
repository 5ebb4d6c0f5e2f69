using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>
/// Requests at a pace that the client keeps, the same on every server: what is left of a difference in latency when
/// none is closer to its limit by the load that it allows itself.
/// </summary>
/// <param name="percent">The pace, as a share of what the baseline can do.</param>
internal sealed class SteadyRateCase(int percent)
    : BenchCase($"rate-{percent}", $"plaintext at {percent} % of what Sockets can do")
{
    private const int Connections = 64;

    /// <summary>The pace, as a share of what the baseline can do.</summary>
    public int Percent => percent;

    // Measured once for all runs, so that they have the same pace.
    private static double? s_baselineRate;

    public override CaseGroup Group => CaseGroup.Latency;

    public override TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) => WarmupOf(warmup) + duration;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        s_baselineRate ??= await MeasureBaselineAsync(run, cancellation);
        var load = new StreamLoad(Connections, Streams: 1, new Uri(run.Server.EndPoints.Http, "plaintext"))
        {
            IsHttp1 = true,
            RatePerConnection = s_baselineRate * percent / 100 / Connections,
        };
        await run.Tools.H2Load.RunAsync(load, WarmupOf(run.Warmup), cancellation);
        var before = run.Server.Cpu;
        var (report, percentiles, client) =
            await run.Tools.H2Load.RunLoggedAsync(load, run.Duration, [50, 99, 99.9], cancellation);
        var cpu = run.Server.Cpu - before;
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = report.RequestsPerSecond,
                [Metric.CpuPerRequest] = cpu.TotalMicroseconds / report.Requests,
                [Metric.P50] = percentiles[0].TotalMilliseconds,
                [Metric.P99] = percentiles[1].TotalMilliseconds,
                [Metric.P999] = percentiles[2].TotalMilliseconds,
                [Metric.ClientCpu] = client.PerThread,
            },
            report.Errors);
    }

    // The load leaves processor time by itself, so that the part of a warm-up that does is too much.
    private static TimeSpan WarmupOf(TimeSpan warmup) => warmup > WarmUp.PacedTime ? warmup - WarmUp.PacedTime : warmup;

    // On a server of its own, which has ended before the run begins.
    private static async Task<double> MeasureBaselineAsync(CaseRun run, CancellationToken cancellation)
    {
        var baseline = ServerCatalog.All.Single(server => server.Name == ServerCatalog.Baseline);
        await using var server = await baseline.StartAsync(ServerSetting.Default, cancellation);
        var load = new WrkLoad(Connections, new Uri(server.EndPoints.Http, "plaintext"));
        await run.Tools.Wrk.WarmUpAsync(load, run.Warmup, cancellation);
        return (await run.Tools.Wrk.RunAsync(load, run.Duration, cancellation)).Report.RequestsPerSecond;
    }
}
