using Bench.Measurements;
using Bench.Reports;
using Bench.Scaling;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>What a report of costs says about noisy runs.</summary>
public sealed class ScalingTests
{
    private static readonly ScalingSeries s_series =
        ScalingCatalog.All.Single(series => series.Name == "idle-connections");

    // How far the processes are off, in turn, for each size: what they on a shared machine were seen to scatter.
    private static readonly double[] s_noise = [0.97, 1.05, 1.01, 0.95, 1.02, 1.12, 0.99];

    [Theory]
    [InlineData(0, "does not grow")]
    [InlineData(0.0002, "grows")]
    public void Report_NoisyProcesses_SaysWhetherCostGrows(double slope, string verdict)
    {
        var row = Assert.Single(TableOf(processes: 3, size => 7 + (slope * size)).Rows);

        Assert.Equal(verdict, row[^1]);
    }

    [Fact]
    public void Report_OneNoisyProcess_DoesNotDecide()
    {
        var row = Assert.Single(TableOf(processes: 1, _ => 7).Rows);

        Assert.Equal("not clear", row[^1]);
    }

    private static ReportTable TableOf(int processes, Func<double, double> costOf)
    {
        var noise = 0;
        var runs =
            from process in Enumerable.Range(0, processes)
            from point in s_series.Points
            let cost = costOf(point.Size) * s_noise[noise++ % s_noise.Length]
            select new WindowResult(
                point.Case.Name,
                ServerCatalog.Main,
                process,
                process,
                new Measurement(new Dictionary<Metric, double> { [Metric.CpuPerRequest] = cost }, []));
        return ScalingReport.TableOf(s_series, new Results([.. runs], ServerCatalog.Baseline));
    }
}
