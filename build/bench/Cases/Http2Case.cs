using Bench.Measurements;

namespace Bench.Cases;

/// <summary>HTTP/2, which h2load makes: few connections with many requests on each.</summary>
internal sealed class Http2Case() : BenchCase("http2", $"HTTP/2, {Connections} × {Streams} streams")
{
    private const int Connections = 16;
    private const int Streams = 32;

    private static readonly TimeSpan s_latencyTime = TimeSpan.FromSeconds(1);

    public override CaseGroup Group => CaseGroup.Load;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var address = new Uri(run.Server.EndPoints.Http2!, "plaintext");
        var h2Load = run.Tools.H2Load;
        await h2Load.RunAsync(address, Connections, Streams, run.Warmup, log: null, cancellation);
        var before = run.Server.Cpu;
        var (report, clientCpu) =
            await h2Load.RunAsync(address, Connections, Streams, run.Duration, log: null, cancellation);
        var cpu = run.Server.Cpu - before;
        var memory = run.Server.ResidentBytes;
        var latencies = await MeasureLatencyAsync(run, address, cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = report.RequestsPerSecond,
                [Metric.CpuPerRequest] = cpu.TotalMicroseconds / report.Requests,
                [Metric.P50] = latencies[0].TotalMilliseconds,
                [Metric.P99] = latencies[1].TotalMilliseconds,
                [Metric.P999] = latencies[2].TotalMilliseconds,
                [Metric.Memory] = memory / (double)(1 << 20),
                [Metric.ClientCpu] = clientCpu,
            },
            report.Errors);
    }

    // h2load has percentiles only in its log, and writing that costs it a good part of its rate: a run of its own.
    private static async Task<TimeSpan[]> MeasureLatencyAsync(CaseRun run, Uri address, CancellationToken cancellation)
    {
        var log = Path.GetTempFileName();
        try
        {
            await run.Tools.H2Load.RunAsync(address, Connections, Streams, s_latencyTime, log, cancellation);
            return Tools.H2LoadReport.ParseLog(File.ReadLines(log), 50, 99, 99.9);
        }
        finally
        {
            File.Delete(log);
        }
    }
}
