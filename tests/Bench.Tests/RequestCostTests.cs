using System.Net;
using System.Net.Http.Headers;
using Bench.Loads;
using Bench.Machine;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Tests;

/// <summary>What a request costs however fast the machine is, on a server in its own process.</summary>
public sealed class RequestCostTests
{
    // A receive and a send; the rest is waits, wake-ups and yields, which many requests share.
    private const double CallsMax = 2.2;

    // A loop sleeps in a wait, which brings one request at least. The rest is for what is loaded and compiled first.
    private const double SleepsMax = 1.2;

    // What Kestrel and the application allocate, seen here: 270.
    private const double BytesMax = 400;

    private const string LoopThread = "kqueue loop";
    private const long Requests = 20_000;

    private static readonly LoadTools s_tools = new(host: null, threads: 1);

    // Goal: the system calls, sleeps and allocated bytes of a request. Method: strace on the threads of the loops,
    // which serve the requests inline, for a number of them, so that what is done by the time does not count on a slow
    // machine. Sleeps are counted without strace, which makes some, and bytes when the code is compiled.
    [Fact]
    public async Task Plaintext_KeptAlive_TakesAReceiveAndASendAndLittleElse()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no strace");
        Common.Processes.Tool.Require("strace", "strace");
        var h2Load = Common.Processes.Tool.Require("h2load", "nghttp2-client");
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await StartAsync("inline", cancellation);
        var sleeps = -SleepsOfLoops(server.Id);
        await LoadAsync();
        sleeps += SleepsOfLoops(server.Id);
        var before = await server.ReadCountersAsync(cancellation);

        var (calls, report) = await SystemCallCounter.CountAsync(
            server.Id, LoadAsync, cancellation, threadName: LoopThread);
        var allocated = (await server.ReadCountersAsync(cancellation) - before).AllocatedBytes;

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{report.Requests} requests: {string.Join(", ", calls)}; {sleeps} sleeps, {allocated} bytes");
        Assert.Equal((Requests, 0), (report.Requests, report.Errors.Count));
        Assert.True(calls["recvfrom"] >= Requests, "others than the loops have served");
        Assert.InRange((double)calls.Values.Sum() / Requests, 2, CallsMax);
        Assert.InRange((double)sleeps / Requests, 0, SleepsMax);
        Assert.InRange((double)allocated / Requests, 1, BytesMax);

        async Task<LoadReport> LoadAsync() => Http2Load.Parse(await h2Load.RunAsync(
            cancellation, "--h1", "-t1", "-c64", $"-n{Requests}", $"{server.EndPoints.Http}plaintext"));
    }

    // h2load looks at the status of HTTP only, which gRPC's errors have as well.
    [Fact]
    public async Task Grpc_Greeting_IsAnsweredWithStatusZero()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var server = await StartAsync(ServerCatalog.Main, cancellation);
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

    // Without what the kernel sets aside on a busy machine.
    private static long SleepsOfLoops(int process) => ProcessFacts.ThreadsOf(process, LoopThread).Sum(thread =>
        ProcessFacts.ParseStatus(File.ReadLines($"/proc/{process}/task/{thread}/status"), "voluntary_ctxt_switches:"));

    // So many connections give each of two loops more than one request for a wait; with a loop for each of many
    // processors they would not.
    private static Task<ServerProcess> StartAsync(string name, CancellationToken cancellation) => ServerCatalog.All
        .Single(server => server.Name == name).StartAsync(ServerSetting.Default with { Loops = 2 }, cancellation);
}
