using System.Net;
using Bench.Servers;
using Bench.Tools;

namespace Bench.Cases;

/// <summary>The cases that servers are compared by.</summary>
internal static class CaseCatalog
{
    private const int MiB = 1 << 20;

    // A server with one core to itself compiles in what its own loop leaves of that: the compiler of .NET was seen to
    // come to what matters in the third second of full load, and to be done in the fifth.
    private static readonly TimeSpan s_oneCoreWarmup = TimeSpan.FromSeconds(4);

    // Its code is more than HTTP/1.1's and takes longer to compile: rates of both transports were seen to grow until
    // the ninth second of full load.
    private static readonly TimeSpan s_http2Warmup = TimeSpan.FromSeconds(7);

    public static IReadOnlyList<BenchCase> All { get; } =
    [
        new WrkCase("plaintext-1", "plaintext, 1 connection", at => Get(at, "plaintext", 1))
        {
            SuitsEpollServer = true,
        },
        new WrkCase("plaintext-64", "plaintext, 64 connections", at => Get(at, "plaintext", 64))
        {
            ComparesSchedulings = true,
            SuitsEpollServer = true,
        },
        new WrkCase("plaintext-512", "plaintext, 512 connections", at => Get(at, "plaintext", 512))
        {
            ComparesSchedulings = true,
            SuitsEpollServer = true,
        },
        new WrkCase("plaintext-4000", "plaintext, 4,000 connections", at => Get(at, "plaintext", 4_000))
        {
            SuitsEpollServer = true,
        },
        new WrkCase("json", "JSON", at => Get(at, "json", 64)) { ComparesSchedulings = true },
        new WrkCase("pipelined", "16 pipelined requests", at => Get(at, "plaintext", 64, "pipeline", "16"))
        {
            HasLatencies = false,
            ComparesSchedulings = true,
            SuitsEpollServer = true,
        },
        new WrkCase("tls", "TLS", at => new WrkLoad(64, new Uri(at.Tls!, "plaintext"))),
        new Http2Case { MoreWarmup = s_http2Warmup },
        new WrkCase("close", "Connection: close", at => GetAndClose(at))
        {
            SuitsEpollServer = true,
        },
        new WrkCase("download", "1 MiB download", at => Get(at, "big", 16)),
        new WrkCase("upload", "1 MiB upload", Upload),
        new WrkCase("echo", "raw echo", at => Raw(at.Echo, "echo")) { SuitsEpollServer = true },
        new WrkCase("hello", "raw hello", at => Raw(at.Hello)) { SuitsEpollServer = true },
        new WrkCase("hello-core", "raw hello, one core for the server", at => Raw(at.Hello))
        {
            SuitsEpollServer = true,
            Setting = new ServerSetting { IsOnOneProcessor = true },
            MoreWarmup = s_oneCoreWarmup,
        },
        new SteadyRateCase(25),
        new SteadyRateCase(50),
        new SteadyRateCase(75),
        new BlockingMixCase("blocking", "32 fast, when 8 begin to block for 20 ms") { ComparesSchedulings = true },
        new BlockingMixCase(
            "blocking-grown",
            $"32 fast, when 8 have blocked for {BlockingMixCase.PoolGrowth.TotalSeconds} s",
            BlockingMixCase.PoolGrowth),
        new RecoveryCase(),
        new IdleCase(),
    ];

    private static WrkLoad Get(ServerEndPoints at, string path, int connections, params string[] script) =>
        new(connections, new Uri(at.Http, path)) { Script = script };

    private static WrkLoad GetAndClose(ServerEndPoints at) =>
        Get(at, "plaintext", 64) with { Headers = ["Connection: close"] };

    // Over loopback the sender's thread does the receiver's part of TCP, too, so that one thread would be what limits
    // the rate.
    private static WrkLoad Upload(ServerEndPoints at) =>
        Get(at, "upload", 16, "upload", $"{MiB}") with { Threads = Environment.ProcessorCount };

    private static WrkLoad Raw(IPEndPoint endPoint, params string[] script) =>
        new(Connections: 64, new Uri($"http://{endPoint}/")) { Script = script };
}
