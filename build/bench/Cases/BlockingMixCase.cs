using Bench.Loads;
using Bench.Measurements;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>
/// Requests whose handler blocks, without a pause, beside requests that are answered at once: from the moment when
/// blocking begins on a server that is otherwise warm, or after a while.
/// </summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="blockedBefore">How long requests have blocked before, and go on; zero for not at all.</param>
internal sealed class BlockingMixCase(string name, string title, TimeSpan blockedBefore = default)
    : BenchCase(name, title)
{
    private const int Blocking = 8;
    private const int Fast = 32;

    /// <summary>
    /// Long enough for .NET's thread pool to grow for this load: it was seen to take 10 to 15 seconds.
    /// </summary>
    public static readonly TimeSpan PoolGrowth = TimeSpan.FromSeconds(20);

    // Longer than all windows.
    private static readonly TimeSpan s_forever = TimeSpan.FromHours(1);

    public override CaseGroup Group => CaseGroup.Blocking;

    public override int? WindowsPerProcess => BlocksBefore ? null : 1;

    private bool BlocksBefore => blockedBefore > TimeSpan.Zero;

    public override Load? WarmUpFor(ServerEndPoints at) => FastOn(at);

    public override async Task<IAsyncDisposable?> BeginAsync(
        IReadOnlyList<ServerProcess> processes, LoadTools tools, CancellationToken cancellation)
    {
        if (!BlocksBefore)
        {
            return null;
        }

        var blocking = new LastingLoads(processes.Select(process => BlockingOn(process.EndPoints)), tools, s_forever);
        await Task.Delay(blockedBefore, cancellation);
        return blocking;
    }

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var at = run.Process!.EndPoints;
        var blocking = BlocksBefore
            ? Task.FromResult<LoadReport?>(null)
            : BlockAsync(at, run, cancellation);
        var fast = await FastOn(at).RunAsync(run.Tools, run.Duration, cancellation);
        var values = new Dictionary<Metric, double>
        {
            [Metric.RequestRate] = fast.RequestsPerSecond,
            [Metric.P50] = fast.Latencies!.Value.P50.TotalMilliseconds,
            [Metric.P99] = fast.Latencies.Value.P99.TotalMilliseconds,
            [Metric.P999] = fast.Latencies.Value.P999.TotalMilliseconds,
            [Metric.ClientCpu] = fast.Client.PerThread,
        };
        if (await blocking is { } blocked)
        {
            values[Metric.BlockedRate] = blocked.RequestsPerSecond;
            values[Metric.BlockedP99] = blocked.Latencies!.Value.P99.TotalMilliseconds;
        }

        return new Measurement(values, [.. fast.Errors, .. (await blocking)?.Errors ?? []]);
    }

    private static async Task<LoadReport?> BlockAsync(
        ServerEndPoints at, CaseRun run, CancellationToken cancellation) =>
        await BlockingOn(at).RunAsync(run.Tools, run.Duration, cancellation);

    private static WrkLoad FastOn(ServerEndPoints at) => new(Fast, new Uri(at.Http, "plaintext"));

    private static WrkLoad BlockingOn(ServerEndPoints at) => new(Blocking, new Uri(at.Http, "block?ms=20"));
}
