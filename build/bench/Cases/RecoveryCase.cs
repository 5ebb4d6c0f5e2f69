using System.Diagnostics;
using Bench.Measurements;
using Bench.Net;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>Many connections whose handlers all block, and what the server is worth when they have stopped.</summary>
internal sealed class RecoveryCase()
    : BenchCase("recovery", $"{Blocking} that all block for 50 ms, then {Fast} fast ones")
{
    private const int Blocking = 200;
    private const int Fast = 64;

    public override CaseGroup Group => CaseGroup.Blocking;

    public override TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) => warmup + duration + duration;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var http = run.Server.EndPoints.Http;
        var fastLoad = new WrkLoad(Fast, new Uri(http, "plaintext"));
        await run.Tools.Wrk.WarmUpAsync(fastLoad, run.Warmup, cancellation);

        var (blocking, _) = await run.Tools.Wrk.RunAsync(
            new WrkLoad(Blocking, new Uri(http, "block?ms=50")), run.Duration, cancellation);
        var stopped = Stopwatch.GetTimestamp();
        using (var probe = ClientConnection.Open(run.Server.EndPoints.HttpEndPoint))
        {
            probe.Ask();
        }

        var firstAnswer = Stopwatch.GetElapsedTime(stopped);
        var (fast, client) = await run.Tools.Wrk.RunAsync(fastLoad, run.Duration, cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.BlockedRate] = blocking.RequestsPerSecond,
                [Metric.BlockedP99] = blocking.P99.TotalMilliseconds,
                [Metric.FirstAnswer] = firstAnswer.TotalMilliseconds,
                [Metric.RequestRate] = fast.RequestsPerSecond,
                [Metric.P50] = fast.P50.TotalMilliseconds,
                [Metric.P99] = fast.P99.TotalMilliseconds,
                [Metric.P999] = fast.P999.TotalMilliseconds,
                [Metric.ClientCpu] = client.PerThread,
            },
            [.. blocking.Errors, .. fast.Errors]);
    }
}
