using Bench.Measurements;
using Bench.Scaling;
using Bench.Statistics;
using Bench.Tools;

namespace Bench.Tests;

/// <summary>The arithmetic of the figures.</summary>
public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new double[] { 5 }, 5)]
    [InlineData(new double[] { 9, 1, 5 }, 5)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2.5)]
    [InlineData(new double[] { 1, 1, 1_000 }, 1)]
    public void Median_Values_IsTheMiddle(double[] values, double expected) =>
        Assert.Equal(expected, Median.Of(values));

    [Fact]
    public void Median_NoValues_IsNull() => Assert.Null(Median.Of([]));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(50, 50)]
    [InlineData(99, 99)]
    [InlineData(99.9, 100)]
    [InlineData(100, 100)]
    public void Percentile_OneToHundred_IsTheNearestRank(double percent, double expected) =>
        Assert.Equal(expected, Percentile.Of([.. Enumerable.Range(1, 100).Select(i => (double)i)], percent));

    [Fact]
    public void LineFit_PointsOnALine_FindsIt()
    {
        var line = LineFit.Through([(1, 5), (2, 7), (10, 23)]);

        Assert.Equal(2, line.Slope, precision: 9);
        Assert.Equal(3, line.Intercept, precision: 9);
        Assert.Equal(43, line.At(20), precision: 9);
        Assert.Equal((23.0 / 5) - 1, line.Growth(from: 1, to: 10), precision: 9);
    }

    [Fact]
    public void LineFit_PointsAroundALine_FindsTheMiddle()
    {
        var line = LineFit.Through([(0, 1), (0, 3), (4, 5), (4, 7)]);

        Assert.Equal(1, line.Slope, precision: 9);
        Assert.Equal(2, line.Intercept, precision: 9);
    }

    [Fact]
    public void LineFit_OneX_IsLevel()
    {
        var line = LineFit.Through([(8, 2), (8, 4)]);

        Assert.Equal(new LineFit(Slope: 0, Intercept: 3, SlopeError: double.PositiveInfinity), line);
    }

    // t(3) = 3.18; the squares of the residuals 0.08, -0.12, 0.08, -0.12, 0.08 make 0.048; those of x make 10.
    [Fact]
    public void LineFit_PointsOffTheLine_SaysHowFarTheSlopeMayBe()
    {
        var line = LineFit.Through([(1, 1.1), (2, 1.9), (3, 3.1), (4, 3.9), (5, 5.1)]);

        Assert.Equal(1, line.Slope, precision: 9);
        Assert.Equal(3.18 * Math.Sqrt(0.048 / 3 / 10), line.SlopeError, precision: 9);
    }

    [Theory]
    [InlineData(0.01, 0.05, "does not grow")]
    [InlineData(-0.04, 0.05, "does not grow")]
    [InlineData(0.06, 0.05, "grows")]
    [InlineData(-0.06, 0.05, "falls")]
    [InlineData(0.1, 0.5, "not clear")]
    [InlineData(0.1, double.PositiveInfinity, "not clear")]
    public void Growth_WithItsError_IsPutInWords(double share, double error, string verdict) =>
        Assert.Equal(verdict, new Growth(share, error).Verdict);

    // A cost of 5 at 64 and of 10 at 16,000, but for a scatter of 1 %.
    [Fact]
    public void Growth_AlongALine_IsFound()
    {
        var line = LineFit.Through([(64, 5.05), (256, 5.01), (1_024, 5.35), (4_096, 6.2), (16_000, 10)]);

        var growth = Growth.Along(line, 64, 16_000);

        Assert.Equal(1, growth.Share, tolerance: 0.05);
        Assert.InRange(growth.Error, 0.001, 0.1);
        Assert.Equal("grows", growth.Verdict);
    }

    [Theory]
    [InlineData(1.0, 100_000)]
    [InlineData(0.5, 133_333)]
    public void Ceiling_OneThreadOfTheClient_IsItsOrTheMachines(double clientShare, double expected)
    {
        // 10 µs of the client at 100,000/s, or 5; of the server 10 always. Two processors.
        var ceiling = Ceiling.Of(100_000, TimeSpan.FromMicroseconds(10), new ClientCpu(clientShare, Threads: 1), 2);

        Assert.Equal(expected, ceiling, tolerance: 1);
    }
}
