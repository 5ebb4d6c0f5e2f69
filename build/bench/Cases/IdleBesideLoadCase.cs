using Bench.Measurements;
using Bench.Net;

namespace Bench.Cases;

/// <summary>A load on a server that also holds idle connections, each of which has asked once.</summary>
internal sealed class IdleBesideLoadCase(string name, string title, int idle, WrkCase load) : BenchCase(name, title)
{
    public override CaseGroup Group => CaseGroup.Load;

    public override async Task<Measurement> MeasureAsync(CaseRun run, CancellationToken cancellation)
    {
        using var connections = new IdleConnections(run.Server.EndPoints.HttpEndPoint);
        connections.OpenAndAsk(idle);
        return await load.MeasureAsync(run, cancellation);
    }
}
