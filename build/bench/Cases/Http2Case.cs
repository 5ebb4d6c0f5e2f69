using Bench.Measurements;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>HTTP/2, which h2load makes: few connections with many requests on each.</summary>
internal sealed class Http2Case() : BenchCase("http2", $"HTTP/2, {Connections} × {Streams} streams")
{
    private const int Connections = 16;
    private const int Streams = 32;

    private static readonly TimeSpan s_latencyTime = TimeSpan.FromSeconds(1);

    public override CaseGroup Group => CaseGroup.Load;

    public override TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) => warmup + duration + s_latencyTime;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var load = new StreamLoad(Connections, Streams, new Uri(run.Server.EndPoints.Http2!, "plaintext"));
        var h2Load = run.Tools.H2Load;
        await h2Load.WarmUpAsync(load, run.Warmup, cancellation);
        var before = run.Server.Cpu;
        var (report, client) = await h2Load.RunAsync(load, run.Duration, cancellation);
        var cpu = run.Server.Cpu - before;
        var memory = run.Server.ResidentBytes;

        // h2load has percentiles only in its log, and writing that costs it a good part of its rate: a run of its own.
        var (_, latencies, _) = await h2Load.RunLoggedAsync(load, s_latencyTime, [50, 99, 99.9], cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = report.RequestsPerSecond,
                [Metric.CpuPerRequest] = cpu.TotalMicroseconds / report.Requests,
                [Metric.P50] = latencies[0].TotalMilliseconds,
                [Metric.P99] = latencies[1].TotalMilliseconds,
                [Metric.P999] = latencies[2].TotalMilliseconds,
                [Metric.Memory] = memory / (double)(1 << 20),
                [Metric.ClientCpu] = client.PerThread,
                [Metric.Ceiling] = Ceiling.Of(
                    report.RequestsPerSecond, cpu / report.Requests, client, Environment.ProcessorCount),
            },
            report.Errors);
    }
}
