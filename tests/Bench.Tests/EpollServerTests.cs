using Bench.Cases;
using Bench.Measurements;
using Bench.Runs;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Tests;

/// <summary>A case from the start of its server to its figures, on the server that starts at once.</summary>
public sealed class EpollServerTests
{
    private static readonly string[] s_tools = ["wrk", "gcc", "taskset"];

    [Fact]
    public async Task Case_OnOneProcessor_MeasuresItsServer()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the C server is written for epoll");
        Assert.SkipWhen(s_tools.Any(tool => new Tool(tool).Path is null), $"needs {string.Join(", ", s_tools)}");
        var benchCase = CaseCatalog.All.Single(candidate => candidate.Name == "hello-core");
        await using var server = await ServerCatalog.All.Single(candidate => candidate.Name == "epoll")
            .StartAsync(benchCase.Setting, TestContext.Current.CancellationToken);

        // The warm-up has a second with pauses, the figures are of another without.
        var run = new CaseRun(server, new LoadTools(), TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(1));
        var measurement = await benchCase.MeasureAsync(run, TestContext.Current.CancellationToken);

        Assert.Empty(measurement.Problems);
        Assert.InRange(measurement.Values[Metric.RequestRate], 1, double.MaxValue);
        Assert.Contains(Metric.CpuPerRequest, measurement.Values);
        Assert.DoesNotContain(Metric.Ceiling, measurement.Values);
    }
}
