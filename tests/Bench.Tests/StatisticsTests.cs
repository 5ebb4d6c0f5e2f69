using Bench.Statistics;

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

        Assert.Equal(new LineFit(Slope: 0, Intercept: 3), line);
    }
}
