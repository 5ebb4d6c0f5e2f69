using Bench.Loads;
using Bench.Measurements;
using Bench.Net;
using Bench.Servers;

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

    public override int? WindowsPerProcess => 1;

    public override TimeSpan TimeOf(TimeSpan duration) => (4 * s_settle) + s_idleTime + s_openTime;

    // Compiled code is memory, too. Few connections, and none of them closed under load: what a server keeps of closed
    // ones is memory that those which are counted would be given.
    public override Load? WarmUpFor(ServerEndPoints at) => new WrkLoad(Connections: 64, new Uri(at.Http, "plaintext"));

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var process = run.Process!;
        await new WrkLoad(Connections: 64, new Uri($"http://{process.EndPoints.Hello}/"))
            .RunAsync(run.Tools, s_rawWarmup, cancellation);
        using var raw = new ClientConnections(process.EndPoints.Hello);
        using var http = new ClientConnections(process.EndPoints.HttpEndPoint);
        var rawBytes = await MeasureAsync(process, raw.Open, cancellation);
        var httpBytes = await MeasureAsync(process, http.OpenAndAsk, cancellation);
        var before = await process.ReadCountersAsync(cancellation);
        await Task.Delay(s_idleTime, cancellation);
        var used = await process.ReadCountersAsync(cancellation) - before;
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RawIdle] = rawBytes / 1024,
                [Metric.HttpIdle] = httpBytes / 1024,
                [Metric.IdleCpu] = used.Cpu.TotalMilliseconds / s_idleTime.TotalSeconds,
            },
            []);
    }

    /// <summary>Resident bytes per connection.</summary>
    private static async Task<double> MeasureAsync(
        ServerProcess process, Action<int> open, CancellationToken cancellation)
    {
        open(Before);
        await Task.Delay(s_settle, cancellation);
        var before = process.ResidentBytes;
        open(Connections);
        await Task.Delay(s_settle, cancellation);
        return (process.ResidentBytes - before) / (double)Connections;
    }
}
