using Bench.Measurements;
using Bench.Net;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>What connections cost on which nothing happens: memory, and the processor.</summary>
internal sealed class IdleCase() : BenchCase("idle", $"{Connections:N0} idle connections")
{
    private const int Connections = 8_000;

    // Opened before the count begins: what the server sets up once, and memory that it has and does not use, would
    // otherwise count for the connections or against them.
    private const int Before = 1_000;

    // For what HTTP does not have in common with a raw handler, which is little.
    private static readonly TimeSpan s_rawWarmup = TimeSpan.FromSeconds(1);

    // Processor time comes in steps of 10 ms.
    private static readonly TimeSpan s_idleTime = TimeSpan.FromSeconds(5);

    // What it takes to open all connections, seen here.
    private static readonly TimeSpan s_openTime = TimeSpan.FromSeconds(2);

    // Time for what the server does after an accept or an answer.
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    public override CaseGroup Group => CaseGroup.Idle;

    public override TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) =>
        warmup + s_rawWarmup + (4 * s_settle) + s_idleTime + s_openTime;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var endPoints = run.Server.EndPoints;
        await WarmUpAsync(run, cancellation);
        using var raw = new IdleConnections(endPoints.Hello);
        using var http = new IdleConnections(endPoints.HttpEndPoint);
        var rawBytes = await MeasureAsync(run, count => raw.Open(count), cancellation);
        var httpBytes = await MeasureAsync(run, count => http.OpenAndAsk(count), cancellation);
        var before = run.Server.Cpu;
        await Task.Delay(s_idleTime, cancellation);
        var cpu = run.Server.Cpu - before;
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RawIdle] = rawBytes / 1024,
                [Metric.HttpIdle] = httpBytes / 1024,
                [Metric.IdleCpu] = cpu.TotalMilliseconds / s_idleTime.TotalSeconds,
            },
            []);
    }

    // Compiled code is memory, too. Few connections, and none of them closed under load: what a server keeps of closed
    // ones is memory that those which are counted would be given.
    private static async Task WarmUpAsync(CaseRun run, CancellationToken cancellation)
    {
        var plaintext = new WrkLoad(Connections: 64, new Uri(run.Server.EndPoints.Http, "plaintext"));
        var hello = new WrkLoad(Connections: 64, new Uri($"http://{run.Server.EndPoints.Hello}/"));
        await run.Tools.Wrk.WarmUpAsync(plaintext, run.Warmup, cancellation);
        await run.Tools.Wrk.RunAsync(hello, s_rawWarmup, cancellation);
    }

    /// <summary>Resident bytes per connection.</summary>
    private static async Task<double> MeasureAsync(CaseRun run, Action<int> open, CancellationToken cancellation)
    {
        open(Before);
        await Task.Delay(s_settle, cancellation);
        var before = run.Server.ResidentBytes;
        open(Connections);
        await Task.Delay(s_settle, cancellation);
        return (run.Server.ResidentBytes - before) / (double)Connections;
    }
}
