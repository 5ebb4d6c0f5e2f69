using Bench.Measurements;

namespace Bench.Tests;

/// <summary>What several rounds say together.</summary>
public sealed class ResultsTests
{
    [Fact]
    public void Ratio_NoisyRounds_ComparesWithinARound()
    {
        // The machine is three times as fast in one round; the server is always twice as fast as the baseline.
        var results = new Results(
            [
                Run("base", 1, 100), Run("base", 2, 300), Run("base", 3, 110),
                Run("other", 1, 200), Run("other", 2, 600), Run("other", 3, 220),
            ],
            "base");

        Assert.Equal(2, results.Ratio("case", "other", Metric.RequestRate));
        Assert.Equal(1, results.Ratio("case", "base", Metric.RequestRate));
        Assert.Equal(220, results.Median("case", "other", Metric.RequestRate));
    }

    [Fact]
    public void Ratio_FailedRounds_AreLeftOut()
    {
        var failed = new RunResult("case", "base", 2, Measurement.Failed("wrk is not installed."));
        var results = new Results(
            [Run("base", 1, 100), failed, Run("other", 1, 150), Run("other", 2, 500), Run("other", 3, 500)], "base");

        Assert.Equal(1.5, results.Ratio("case", "other", Metric.RequestRate));
        Assert.Equal(["case on base, round 2: wrk is not installed."], results.Problems);
    }

    [Fact]
    public void Ratio_BaselineOfZero_IsNoRatio()
    {
        var results = new Results([Run("base", 1, 0), Run("other", 1, 5)], "base");

        Assert.Null(results.Ratio("case", "other", Metric.RequestRate));
    }

    [Fact]
    public void Median_NotMeasured_IsNull()
    {
        var results = new Results([Run("other", 1, 5)], "base");

        Assert.Null(results.Median("case", "other", Metric.P99));
        Assert.Null(results.Median("case", "base", Metric.RequestRate));
    }

    private static RunResult Run(string server, int round, double rate) =>
        new("case", server, round, new Measurement(new Dictionary<Metric, double> { [Metric.RequestRate] = rate }, []));
}
