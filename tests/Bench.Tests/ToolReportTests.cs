using Bench.Loads;
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
    public void WrkLoad_CleanRun_HasRateAndLatencies()
    {
        var report = WrkLoad.Parse(WrkOutput +
            "figures: requests=35875 duration=1102852 p50=1316 p99=9000 p999=161729 " +
            "connect=0 read=0 write=0 timeout=0 status=0\n");

        Assert.Equal(35_875, report.Requests);
        Assert.Equal(32_529.3, report.RequestsPerSecond, tolerance: 0.1);
        Assert.Equal(
            (TimeSpan.FromMicroseconds(1_316), TimeSpan.FromMicroseconds(9_000), TimeSpan.FromMicroseconds(161_729)),
            report.Latencies);
        Assert.Empty(report.Errors);
    }

    [Fact]
    public void WrkLoad_RunWithErrors_NamesThem()
    {
        var report = WrkLoad.Parse(
            "figures: requests=1 duration=1 p50=1 p99=1 p999=1 connect=0 read=3 write=0 timeout=0 status=7\n");

        Assert.Equal(["3 read errors", "7 status errors"], report.Errors);
    }

    [Fact]
    public void WrkLoad_WithoutFigures_IsAnErrorWithTheOutput()
    {
        var error = Assert.Throws<ToolException>(() => WrkLoad.Parse("unable to connect to 127.0.0.1:1\n"));

        Assert.Contains("unable to connect", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Http2Load_Run_HasRateCountAndErrors()
    {
        var report = Http2Load.Parse(H2LoadOutput);

        Assert.Equal(80_110, report.Requests);
        Assert.Equal(80_110.5, report.RequestsPerSecond);
        Assert.Equal(["3 requests failed", "2 requests timeout"], report.Errors);
    }

    [Fact]
    public void Http2Load_WithoutFigures_IsAnErrorWithTheOutput()
    {
        var error = Assert.Throws<ToolException>(() => Http2Load.Parse("invalid URI\n"));

        Assert.Contains("invalid URI", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SystemCallCounter_Table_GivesTheCalls()
    {
        var calls = SystemCallCounter.Parse(
            """
            % time     seconds  usecs/call     calls    errors syscall
            ------ ----------- ----------- --------- --------- ----------------
             71.07    5.090679        2366      2151       994 futex
              8.65    0.619551           9     63749           sendto
            ------ ----------- ----------- --------- --------- ----------------
            100.00    7.163082          53    134906      1005 total
            """);

        Assert.Equal(new Dictionary<string, long> { ["futex"] = 2_151, ["sendto"] = 63_749 }, calls);
    }
}
