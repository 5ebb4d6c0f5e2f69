using Bench.Cases;
using Bench.Measurements;
using Bench.Servers;

namespace Bench.Tests;

/// <summary>What several windows say together.</summary>
public sealed class ResultsTests
{
    private static readonly BenchCase s_case = CaseCatalog.All.Single(benchCase => benchCase.Name == "plaintext-64");

    [Fact]
    public void Ratio_MachineThatChangesSpeed_IsOfTheWindowsOfARound()
    {
        // The machine halves its speed after the first round, for both servers.
        var results = ResultsOf(
            Window("base", 0, (Metric.RequestRate, 100)), Window("other", 0, (Metric.RequestRate, 150)),
            Window("other", 1, (Metric.RequestRate, 75)), Window("base", 1, (Metric.RequestRate, 50)));

        var ratio = results.RatioOf(s_case.Name, "other", Metric.RequestRate)!.Value;

        Assert.All([ratio.Value, ratio.Low, ratio.High], value => Assert.Equal(1.5, value, precision: 9));
        Assert.Equal(112.5, results.Mean(s_case.Name, "other", Metric.RequestRate));
    }

    [Fact]
    public void Ratio_FailedWindows_AreLeftOutAndMarked()
    {
        var failed = new WindowResult(s_case.Name, "other", 1, 1, Measurement.Failed("wrk is not installed."));
        var results = ResultsOf(
            Window("base", 0, (Metric.RequestRate, 100)), Window("other", 0, (Metric.RequestRate, 150)),
            Window("base", 1, (Metric.RequestRate, 100)), failed);

        Assert.Equal(1.5, results.RatioOf(s_case.Name, "other", Metric.RequestRate)!.Value.Value, precision: 9);
        Assert.True(results.MarksOf(s_case, "other", Metric.RequestRate).HasFlag(Mark.Failed));
        Assert.Equal(["plaintext-64 on other: wrk is not installed."], results.Problems);
    }

    [Fact]
    public void Ratio_BaselineOfZero_IsNoRatio()
    {
        var results = ResultsOf(
            Window("base", 0, (Metric.RequestRate, 0)), Window("other", 0, (Metric.RequestRate, 5)));

        Assert.Null(results.RatioOf(s_case.Name, "other", Metric.RequestRate));
    }

    [Fact]
    public void Mean_NotMeasured_IsNull()
    {
        var results = ResultsOf(Window("other", 0, (Metric.RequestRate, 5)));

        Assert.Null(results.Mean(s_case.Name, "other", Metric.P99));
        Assert.Null(results.Mean(s_case.Name, "base", Metric.RequestRate));
    }

    [Theory]
    [InlineData(1.50, 1.51, 0.5, 1.0, Mark.None)]
    [InlineData(1.00, 1.50, 0.5, 1.0, Mark.Wide)]
    [InlineData(9.00, 11.0, 0.5, 1.0, Mark.None)]
    [InlineData(0.10, 0.11, 0.5, 1.0, Mark.None)]
    [InlineData(1.50, 1.51, 0.96, 1.0, Mark.Client)]
    [InlineData(1.50, 1.51, 0.5, 0.7, Mark.Idle)]
    internal void Marks_RatioOfRates_SayWhatIsWrong(
        double first, double second, double client, double busy, Mark expected)
    {
        var ratios = new[] { first, second, first, second };
        var results = ResultsOf(
        [
            .. ratios.SelectMany((ratio, round) => new[]
            {
                Window("base", round, (Metric.RequestRate, 100), (Metric.ClientCpu, 0.5), (Metric.Busy, 1)),
                Window(
                    "other", round, (Metric.RequestRate, 100 * ratio), (Metric.ClientCpu, client), (Metric.Busy, busy)),
            }),
        ]);

        Assert.Equal(expected, results.MarksOf(s_case, "other", Metric.RequestRate));
    }

    [Fact]
    public void Marks_ServerThatStillCompiles_SayThatItIsCold()
    {
        var results = ResultsOf(
            Window("base", 0, (Metric.RequestRate, 100)),
            Window("other", 0, (Metric.RequestRate, 150), (Metric.Compiled, 300)));

        Assert.True(results.MarksOf(s_case, "other", Metric.RequestRate).HasFlag(Mark.Cold));
    }

    private static Results ResultsOf(params WindowResult[] windows) => new(windows, "base");

    private static WindowResult Window(string server, int round, params (Metric Metric, double Value)[] values) => new(
        s_case.Name,
        server,
        Process: round,
        round,
        new Measurement(values.ToDictionary(entry => entry.Metric, entry => entry.Value), []));
}
