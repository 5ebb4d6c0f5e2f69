using Bench.Scaling;
using Bench.Statistics;

namespace Bench.Tests;

/// <summary>The arithmetic of the figures.</summary>
public sealed class StatisticsTests
{
    // The logarithms of 2 and 8 have the mean log 4; they deviate by log 2 times the root of 2, and t(1) is 212.205;
    // the root of 2 comes again with the next run's deviation.
    [Fact]
    public void Ratio_Pairs_IsTheirGeometricMeanWithStudentsInterval()
    {
        var ratio = Ratio.Of([(0, 2), (1, 8)])!.Value;

        Assert.Equal(4, ratio.Value, precision: 9);
        Assert.Equal(212.205 * Math.Log(2) * Math.Sqrt(2), Math.Log(ratio.High / 4), precision: 3);
        Assert.Equal(212.205 * Math.Log(2) * Math.Sqrt(2), Math.Log(4 / ratio.Low), precision: 3);
    }

    [Fact]
    public void Ratio_PairsOfTheSameProcesses_CountAsOne()
    {
        (int, double)[] pairs = [(0, 1.4), (1, 1.6), (2, 1.5)];

        var few = Ratio.Of(pairs)!.Value;
        var many = Ratio.Of(Enumerable.Repeat(pairs, 100).SelectMany(all => all))!.Value;

        Assert.Equal(few.High, many.High, precision: 9);
    }

    [Theory]
    [InlineData(1.5, 1.45, 1.55, "1.50 ±0.05")]
    [InlineData(100, 70, 143, "70 to 143")]
    [InlineData(1.5, 0, double.PositiveInfinity, "1.50")]
    public void Ratio_Text_HasItsInterval(double value, double low, double high, string expected) =>
        Assert.Equal(expected, new Ratio(value, low, high).ToString());

    [Fact]
    public void Ratio_NoPairs_IsNone() =>
        Assert.Null(Ratio.Of([(0, double.NaN), (1, double.PositiveInfinity), (2, 0)]));

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

    // t(3) = 3.1824; the squares of the residuals 0.08, -0.12, 0.08, -0.12, 0.08 make 0.048; those of x make 10.
    [Fact]
    public void LineFit_PointsOffTheLine_SaysHowFarTheSlopeMayBe()
    {
        var line = LineFit.Through([(1, 1.1), (2, 1.9), (3, 3.1), (4, 3.9), (5, 5.1)]);

        Assert.Equal(1, line.Slope, precision: 9);
        Assert.Equal(3.1824 * Math.Sqrt(0.048 / 3 / 10), line.SlopeError, precision: 5);
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
}
