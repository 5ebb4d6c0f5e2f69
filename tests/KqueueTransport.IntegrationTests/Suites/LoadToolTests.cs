using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>The field's load tools against the sample in its own process: no socket error, no failed request.</summary>
public abstract class LoadToolTests(TestTransport transport, LoadedApp loaded)
    : TransportSuite(transport), IClassFixture<LoadedApp>
{
    // A machine that is busy with something else starves wrk's thread for longer than its own limit of two seconds.
    // An answer that never comes shows in the tools that wait for a number of them.
    private const string WrkTimeout = "--timeout=30s";

    private const int WrkRequestsMin = 1000;

    private string WrkTime => Transport.IsDefault ? "-d2s" : "-d1s";

    [Fact]
    public async Task Wrk_Plaintext_SeesNoError()
    {
        var wrk = Tool.Require("wrk", "wrk");
        var app = await StartAsync();

        await LoadAsync(wrk, $"{app.Addresses[0]}plaintext");
    }

    [Fact]
    public async Task Wrk_Pipelined_SeesNoError()
    {
        var wrk = Tool.Require("wrk", "wrk");
        var app = await StartAsync();
        var script = Path.Combine(AppContext.BaseDirectory, "bench.lua");

        await LoadAsync(wrk, "-s", script, $"{app.Addresses[0]}plaintext", "--", "pipeline", "16");
    }

    [Theory]
    [InlineData("-k", 50_000)]
    [InlineData("", 5_000)]
    public async Task Ab_Plaintext_SeesNoFailedRequest(string keepAlive, int wholeLoad)
    {
        var requests = Load(wholeLoad);
        var ab = Tool.Require("ab", "apache2-utils");
        var app = await StartAsync();
        string[] options = ["-q", "-n", $"{requests}", "-c", "128", $"{app.Addresses[0]}plaintext"];

        var report = await ab.RunAsync(Deadline, keepAlive.Length > 0 ? [keepAlive, .. options] : options);

        Assert.Matches($@"Complete requests:\s+{requests}\n", report);
        Assert.Matches(@"Failed requests:\s+0\n", report);
        Assert.DoesNotContain("Non-2xx", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task H2load_Http1Pipelined_SeesNoFailedRequest()
    {
        var requests = Load(200_000);
        var h2load = Tool.Require("h2load", "nghttp2-client");
        var app = await StartAsync();

        var report = await h2load.RunAsync(
            Deadline, "--h1", "-n", $"{requests}", "-c", "64", "-m", "16", $"{app.Addresses[0]}plaintext");

        AssertH2loadIsClean(report, requests);
    }

    [Fact]
    public async Task H2load_WithoutTls_SeesNoFailedRequest()
    {
        const int Requests = 20_000;
        var h2load = Tool.Require("h2load", "nghttp2-client");
        var app = await StartAsync();

        var report = await h2load.RunAsync(
            Deadline, "-n", $"{Requests}", "-c", "16", "-m", "32", $"{app.Addresses[1]}plaintext");

        Assert.Contains("Application protocol: h2", report, StringComparison.Ordinal);
        AssertH2loadIsClean(report, Requests);
    }

    [Fact]
    public async Task H2load_ManyStreamsOnManyConnectionsOverTls_SeesNoFailedRequest()
    {
        var requests = Load(200_000);
        var h2load = Tool.Require("h2load", "nghttp2-client");
        var app = await StartAsync();

        var report = await h2load.RunAsync(
            Deadline, "-n", $"{requests}", "-c", "32", "-m", "100", $"{app.Addresses[2]}plaintext");

        Assert.Contains("Application protocol: h2", report, StringComparison.Ordinal);
        AssertH2loadIsClean(report, requests);
    }

    // A machine that is busy with something else may do next to nothing in wrk's time, which then begins anew.
    private async Task LoadAsync(Tool wrk, params string[] arguments)
    {
        for (var requests = 0; requests < WrkRequestsMin;)
        {
            var report = await wrk.RunAsync(Deadline, ["-t1", "-c64", WrkTime, WrkTimeout, .. arguments]);
            requests += WrkReport.AssertClean(report, requestsMin: 0);
        }
    }

    private int Load(int requests) => Transport.IsDefault ? requests : requests / 10;

    private static void AssertH2loadIsClean(string report, int requests)
    {
        Assert.Contains($"{requests} succeeded, 0 failed, 0 errored, 0 timeout", report, StringComparison.Ordinal);
        Assert.Contains($"status codes: {requests} 2xx", report, StringComparison.Ordinal);
    }

    private Task<WebAppProcess> StartAsync() => loaded.StartOnceAsync(Transport, Deadline);
}
