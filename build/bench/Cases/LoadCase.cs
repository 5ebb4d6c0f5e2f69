using System.Diagnostics;
using Bench.Loads;
using Bench.Measurements;
using Bench.Net;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>A load, and what it costs the server.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="title">What tables and charts call it.</param>
/// <param name="loadOn">The load for a server.</param>
internal sealed class LoadCase(string name, string title, Func<ServerEndPoints, Load> loadOn) : BenchCase(name, title)
{
    // Connections are opened within a window.
    private const int IdlePerSecond = 8_000;

    /// <summary>
    /// Whether wrk's percentiles hold. Under pipelining they do not: wrk fills in the requests that a slow answer kept
    /// it from making, at a pace that it takes from single requests, and so counts some that are faster than any.
    /// </summary>
    public bool HasLatencies { get; init; } = true;

    /// <summary>Whether the load keeps a pace, so that it is the answers' times that count.</summary>
    public bool IsPaced { get; init; }

    /// <summary>Whether one side has to wait while the other works.</summary>
    public bool TakesTurns { get; init; }

    /// <summary>Whether system calls are counted.</summary>
    public bool CountsCalls { get; init; }

    /// <summary>Connections that are open beside it and idle since their first request.</summary>
    public int IdleConnections { get; init; }

    public override CaseGroup Group => IsPaced ? CaseGroup.Latency : CaseGroup.Load;

    public override bool Saturates => !IsPaced && !TakesTurns;

    // Few requests fall into a second, so that it takes more of them for p99.9 and for steps of 10 ms.
    private int Longer => IsPaced ? 2 : 1;

    public override TimeSpan TimeOf(TimeSpan duration) =>
        (Longer * duration) + TimeSpan.FromSeconds((double)IdleConnections / IdlePerSecond);

    public override Load? WarmUpFor(ServerEndPoints at) => LoadOn(at);

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        var process = run.Process!;
        using var idle = new ClientConnections(process.EndPoints.HttpEndPoint);
        idle.OpenAndAsk(IdleConnections);
        var before = await process.ReadCountersAsync(cancellation);
        var started = Stopwatch.GetTimestamp();
        var report = await LoadOn(process.EndPoints).RunAsync(run.Tools, Longer * run.Duration, cancellation);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var used = await process.ReadCountersAsync(cancellation) - before;
        if (report.Requests == 0)
        {
            return Measurement.Failed("No request was answered.");
        }

        var values = new Dictionary<Metric, double>
        {
            [Metric.RequestRate] = report.RequestsPerSecond,
            [Metric.CpuPerRequest] = used.Cpu.TotalMicroseconds / report.Requests,
            [Metric.Memory] = process.ResidentBytes / (double)(1 << 20),
            [Metric.ClientCpu] = report.Client.PerThread,
            [Metric.Busy] = Setting.IsOnOneProcessor ? used.Cpu / elapsed : used.Busy,
        };
        if (used.Switches >= 0)
        {
            // A thread that has ended takes its count along.
            values[Metric.Switches] = (double)used.Switches / report.Requests;
        }

        if (process.HasCounters)
        {
            values[Metric.Compiled] = used.CompiledMethods / elapsed.TotalSeconds;
            values[Metric.Allocated] = (double)used.AllocatedBytes / report.Requests;
        }

        if (HasLatencies && report.Latencies is { } latencies)
        {
            values[Metric.P50] = latencies.P50.TotalMilliseconds;
            values[Metric.P99] = latencies.P99.TotalMilliseconds;
            values[Metric.P999] = latencies.P999.TotalMilliseconds;
        }

        return new Measurement(values, report.Errors);
    }

    public override async Task<Measurement?> CountAsync(CaseRun run, CancellationToken cancellation)
    {
        if (!CountsCalls || !SystemCallCounter.IsInstalled)
        {
            return null;
        }

        var load = LoadOn(run.Process!.EndPoints);
        var (calls, report) = await SystemCallCounter.CountAsync(
            run.Process.Id, () => load.RunAsync(run.Tools, run.Duration, cancellation), cancellation);
        var perRequest = (double)calls.Values.Sum() / report.Requests;
        return new Measurement(new Dictionary<Metric, double> { [Metric.SystemCalls] = perRequest }, report.Errors);
    }

    private Load LoadOn(ServerEndPoints at) => loadOn(at) is WrkLoad wrk
        ? wrk with { IsBesideServer = Setting.IsOnOneProcessor }
        : loadOn(at);
}
