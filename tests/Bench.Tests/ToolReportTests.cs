using Bench.Tools;

namespace Bench.Tests;

/// <summary>What the load tools print, as they printed it.</summary>
public sealed class ToolReportTests
{
    private const string WrkOutput =
        """
        Running 1s test @ http://127.0.0.1:6610/plaintext
          1 threads and 64 connections
          Thread Stats   Avg      Stdev     Max   +/- Stdev
            Latency    13.11ms   31.10ms 162.07ms   89.48%
            Req/Sec    35.57k    15.97k   56.15k    60.00%
          35875 requests in 1.10s, 4.52MB read
        Requests/sec:  32529.30
        Transfer/sec:      4.09MB

        """;

    private const string H2LoadOutput =
        """
        starting benchmark...
        Application protocol: h2c

        finished in 1.01s, 80110.50 req/s, 3.06MB/s
        requests: 80110 total, 80622 started, 80110 done, 80107 succeeded, 3 failed, 0 errored, 2 timeout
        status codes: 80110 2xx, 0 3xx, 0 4xx, 0 5xx
        time for request:      213us     79.91ms      5.97ms      6.17ms    97.58%
        """;

    [Fact]
    public void WrkReport_CleanRun_HasRateAndLatencies()
    {
        var report = WrkReport.Parse(WrkOutput +
            "figures: requests=35875 duration=1102852 p50=1316 p99=9000 p999=161729 " +
            "connect=0 read=0 write=0 timeout=0 status=0\n");

        Assert.Equal(35_875, report.Requests);
        Assert.Equal(32_529.3, report.RequestsPerSecond, tolerance: 0.1);
        Assert.Equal(TimeSpan.FromMicroseconds(1_316), report.P50);
        Assert.Equal(TimeSpan.FromMicroseconds(9_000), report.P99);
        Assert.Equal(TimeSpan.FromMicroseconds(161_729), report.P999);
        Assert.Empty(report.Errors);
    }

    [Fact]
    public void WrkReport_RunWithErrors_NamesThem()
    {
        var report = WrkReport.Parse(
            "figures: requests=1 duration=1 p50=1 p99=1 p999=1 connect=0 read=3 write=0 timeout=0 status=7\n");

        Assert.Equal(["3 read errors", "7 status errors"], report.Errors);
    }

    [Fact]
    public void WrkReport_WithoutFigures_IsAnErrorWithTheOutput()
    {
        var error = Assert.Throws<ToolException>(() => WrkReport.Parse("unable to connect to 127.0.0.1:1\n"));

        Assert.Contains("unable to connect", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void H2LoadReport_Run_HasRateCountAndErrors()
    {
        var report = H2LoadReport.Parse(H2LoadOutput);

        Assert.Equal(80_110, report.Requests);
        Assert.Equal(80_110.5, report.RequestsPerSecond);
        Assert.Equal(["3 requests failed", "2 requests timeout"], report.Errors);
    }

    [Fact]
    public void H2LoadReport_WithoutFigures_IsAnErrorWithTheOutput()
    {
        var error = Assert.Throws<ToolException>(() => H2LoadReport.Parse("invalid URI\n"));

        Assert.Contains("invalid URI", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void H2LoadReport_Log_GivesPercentiles()
    {
        // The last line is cut, as that of a tool that was stopped can be.
        string[] lines = [.. Enumerable.Range(1, 1_000).Reverse().Select(i => $"1795235839628745\t200\t{i}"), "17952"];

        var percentiles = H2LoadReport.ParseLog(lines, 50, 99, 99.9);

        Assert.Equal([500.0, 990.0, 999.0], percentiles.Select(time => time.TotalMicroseconds));
    }
}
