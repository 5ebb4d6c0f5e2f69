using Bench.Measurements;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>
/// Requests whose handler blocks, without a pause, beside requests that are answered at once: from the moment when
/// blocking begins on a server that is otherwise warm, or after a while.
/// </summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="blockedBefore">How long requests have blocked before it is measured: a warm-up, too.</param>
internal sealed class BlockingMixCase(string name, string title, TimeSpan blockedBefore = default)
    : BenchCase(name, title)
{
    private const int Blocking = 8;
    private const int Fast = 32;

    /// <summary>
    /// Long enough for .NET's thread pool to grow for this load: it was seen to take 10 to 15 seconds.
    /// </summary>
    public static readonly TimeSpan PoolGrowth = TimeSpan.FromSeconds(20);

    public override CaseGroup Group => CaseGroup.Blocking;

    public override TimeSpan TimeOf(TimeSpan warmup, TimeSpan duration) =>
        (blockedBefore > TimeSpan.Zero ? blockedBefore : warmup) + duration;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var fastLoad = new WrkLoad(Fast, new Uri(run.Server.EndPoints.Http, "plaintext"));
        if (blockedBefore > TimeSpan.Zero)
        {
            await LoadAsync(run, fastLoad, blockedBefore, cancellation);
        }
        else
        {
            await run.Tools.Wrk.WarmUpAsync(fastLoad, run.Warmup, cancellation);
        }

        var (fast, blocking, client) = await LoadAsync(run, fastLoad, run.Duration, cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.RequestRate] = fast.RequestsPerSecond,
                [Metric.P50] = fast.P50.TotalMilliseconds,
                [Metric.P99] = fast.P99.TotalMilliseconds,
                [Metric.P999] = fast.P999.TotalMilliseconds,
                [Metric.BlockedRate] = blocking.RequestsPerSecond,
                [Metric.BlockedP99] = blocking.P99.TotalMilliseconds,
                [Metric.ClientCpu] = client.PerThread,
            },
            [.. fast.Errors, .. blocking.Errors]);
    }

    private static async Task<(WrkReport Fast, WrkReport Blocking, ClientCpu Client)> LoadAsync(
        CaseRun run, WrkLoad fastLoad, TimeSpan duration, CancellationToken cancellation)
    {
        var blocking = run.Tools.Wrk.RunAsync(
            new WrkLoad(Blocking, new Uri(run.Server.EndPoints.Http, "block?ms=20")), duration, cancellation);
        var fast = run.Tools.Wrk.RunAsync(fastLoad, duration, cancellation);
        await Task.WhenAll(blocking, fast);
        return ((await fast).Report, (await blocking).Report, (await fast).Client);
    }
}
