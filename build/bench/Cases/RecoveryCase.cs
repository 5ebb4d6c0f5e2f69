using System.Diagnostics;
using Bench.Loads;
using Bench.Measurements;
using Bench.Net;
using Bench.Servers;

namespace Bench.Cases;

/// <summary>Many connections whose handlers all block, and what the server is worth when they have stopped.</summary>
internal sealed class RecoveryCase()
    : BenchCase("recovery", $"{Blocking} that all block for 50 ms, then {Fast} fast ones")
{
    private const int Blocking = 200;
    private const int Fast = 64;

    public override CaseGroup Group => CaseGroup.Blocking;

    public override int? WindowsPerProcess => 1;

    public override TimeSpan TimeOf(TimeSpan duration) => 2 * duration;

    public override Load? WarmUpFor(ServerEndPoints at) => FastOn(at);

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var at = run.Process!.EndPoints;
        var blocking = await new WrkLoad(Blocking, new Uri(at.Http, "block?ms=50"))
            .RunAsync(run.Tools, run.Duration, cancellation);
        var stopped = Stopwatch.GetTimestamp();
        using (var probe = ClientConnection.Open(at.HttpEndPoint))
        {
            probe.Ask();
        }

        var firstAnswer = Stopwatch.GetElapsedTime(stopped);
        var fast = await FastOn(at).RunAsync(run.Tools, run.Duration, cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.BlockedRate] = blocking.RequestsPerSecond,
                [Metric.BlockedP99] = blocking.Latencies!.Value.P99.TotalMilliseconds,
                [Metric.FirstAnswer] = firstAnswer.TotalMilliseconds,
                [Metric.RequestRate] = fast.RequestsPerSecond,
                [Metric.P50] = fast.Latencies!.Value.P50.TotalMilliseconds,
                [Metric.P99] = fast.Latencies.Value.P99.TotalMilliseconds,
                [Metric.P999] = fast.Latencies.Value.P999.TotalMilliseconds,
                [Metric.ClientCpu] = fast.Client.PerThread,
            },
            [.. blocking.Errors, .. fast.Errors]);
    }

    private static WrkLoad FastOn(ServerEndPoints at) => new(Fast, new Uri(at.Http, "plaintext"));
}
