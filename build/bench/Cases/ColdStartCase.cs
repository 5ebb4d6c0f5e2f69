using System.Diagnostics;
using Bench.Loads;
using Bench.Measurements;
using Bench.Net;
using Bench.Servers;

namespace Bench.Cases;

/// <summary>
/// A process that has just started: how long until its first answer, and its rate in the next second.
/// </summary>
internal sealed class ColdStartCase() : BenchCase("cold", $"cold start, {Connections} connections")
{
    private const int Connections = 64;

    // What a start and an end take beside it, seen here.
    private static readonly TimeSpan s_startAndEnd = TimeSpan.FromSeconds(1);

    public override CaseGroup Group => CaseGroup.Start;

    public override bool StartsProcesses => true;

    public override TimeSpan TimeOf(TimeSpan duration) => duration + s_startAndEnd;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        await using var process = await run.Server.StartAsync(run.Setting, cancellation);
        using (var probe = ClientConnection.Open(process.EndPoints.HttpEndPoint))
        {
            probe.Ask();
        }

        var firstAnswer = Stopwatch.GetElapsedTime(started);
        var report = await new WrkLoad(Connections, new Uri(process.EndPoints.Http, "plaintext"))
            .RunAsync(run.Tools, TimeSpan.FromSeconds(1), cancellation);
        return new Measurement(
            new Dictionary<Metric, double>
            {
                [Metric.FirstAnswer] = firstAnswer.TotalMilliseconds,
                [Metric.RequestRate] = report.RequestsPerSecond,
                [Metric.ClientCpu] = report.Client.PerThread,
            },
            report.Errors);
    }
}
