using Bench.Measurements;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>Requests whose handler blocks, without a pause, beside requests that are answered at once.</summary>
internal sealed class BlockingMixCase()
    : BenchCase("blocking", $"{Fast} fast beside {Blocking} that block for 20 ms")
{
    private const int Blocking = 8;
    private const int Fast = 32;

    public override CaseGroup Group => CaseGroup.Blocking;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        await LoadAsync(run, run.Warmup, cancellation);
        var (fast, blocking, clientCpu) = await LoadAsync(run, run.Duration, cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = fast.RequestsPerSecond,
                [Metric.P50] = fast.P50.TotalMilliseconds,
                [Metric.P99] = fast.P99.TotalMilliseconds,
                [Metric.P999] = fast.P999.TotalMilliseconds,
                [Metric.BlockedRate] = blocking.RequestsPerSecond,
                [Metric.BlockedP99] = blocking.P99.TotalMilliseconds,
                [Metric.ClientCpu] = clientCpu,
            },
            [.. fast.Errors, .. blocking.Errors]);
    }

    private static async Task<(WrkReport Fast, WrkReport Blocking, double ClientCpu)> LoadAsync(
        CaseRun run, TimeSpan duration, CancellationToken cancellation)
    {
        var http = run.Server.EndPoints.Http;
        var blocking = run.Tools.Wrk.RunAsync(
            new WrkLoad(Blocking, new Uri(http, "block?ms=20")), duration, cancellation);
        var fast = run.Tools.Wrk.RunAsync(new WrkLoad(Fast, new Uri(http, "plaintext")), duration, cancellation);
        await Task.WhenAll(blocking, fast);
        return ((await fast).Report, (await blocking).Report, (await fast).CpuShare);
    }
}
