using System.Net;
using System.Net.Http.Headers;
using Bench.Loads;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Tests;

/// <summary>What a request costs that does not depend on how fast the machine is, on a server in its own process.</summary>
public sealed class RequestCostTests
{
    // A receive and a send; the rest is waits, wake-ups and yields, which many requests share.
    private const double CallsMax = 2.2;

    private static readonly LoadTools s_tools = new(host: null, threads: 1);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    // Goal: the number of system calls for a request. Method: strace on a warm server under a full load; the least of
    // some attempts, because on a machine that does something else as well the connections of a loop become ready one by
    // one, and each wait then serves few.
    [Fact]
    public async Task Plaintext_KeptAlive_TakesAReceiveAndASendAndLittleElse()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no strace");
        Common.Processes.Tool.Require("strace", "strace");
        Common.Processes.Tool.Require("wrk", "wrk");
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await StartAsync(cancellation);
        var load = new WrkLoad(64, new Uri(server.EndPoints.Http, "plaintext"));
        await load.Paced().RunAsync(s_tools, s_second, cancellation);

        var least = double.MaxValue;
        for (var attempt = 0; attempt < 5 && least > CallsMax; attempt++)
        {
            var (calls, report) = await SystemCallCounter.CountAsync(
                server.Id, () => load.RunAsync(s_tools, s_second, cancellation), cancellation);
            Assert.Empty(report.Errors);
            Assert.True(calls["recvfrom"] >= report.Requests, "strace has missed calls");
            least = Math.Min(least, (double)calls.Values.Sum() / report.Requests);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{least:F2} at most, {report.Requests} requests: " +
                string.Join(", ", calls.OrderByDescending(call => call.Value).Take(6)));
        }

        Assert.True(least <= CallsMax, $"{least:F2} system calls for a request; the limit is {CallsMax}");
    }

    // h2load looks at the status of HTTP only, which gRPC's errors have as well.
    [Fact]
    public async Task Grpc_Greeting_IsAnsweredWithStatusZero()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await StartAsync(cancellation);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.EndPoints.Http2!, "bench.Greeter/SayHello"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(File.ReadAllBytes(s_tools.PathOf("greeting.bin")))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") },
            },
            Headers = { { "te", "trailers" } },
        };

        using var response = await client.SendAsync(request, cancellation);
        var body = await response.Content.ReadAsStringAsync(cancellation);

        Assert.EndsWith("Hello, bench!", body);
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    private static Task<ServerProcess> StartAsync(CancellationToken cancellation) => ServerCatalog.All
        .Single(server => server.Name == ServerCatalog.Main).StartAsync(ServerSetting.Default, cancellation);
}
