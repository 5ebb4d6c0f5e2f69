using System.Net;
using Bench.Loads;
using Bench.Servers;

namespace Bench.Cases;

/// <summary>The cases that servers are compared by.</summary>
internal static class CaseCatalog
{
    private const int MiB = 1 << 20;
    private const int Many = 1_024;

    public static IReadOnlyList<BenchCase> All { get; } =
    [
        new LoadCase("plaintext-1", "plaintext, 1 connection", at => Get(at, "plaintext", 1))
        {
            SuitsEpollServer = true,
            TakesTurns = true,
        },
        new LoadCase("plaintext-64", "plaintext, 64 connections", at => Get(at, "plaintext", 64))
        {
            Servers = ServerCatalog.Forms,
            SuitsEpollServer = true,
            CountsCalls = true,
        },
        new LoadCase("plaintext-512", "plaintext, 512 connections", at => Get(at, "plaintext", 512))
        {
            SuitsEpollServer = true,
        },
        new LoadCase("plaintext-4000", "plaintext, 4,000 connections", at => Get(at, "plaintext", 4_000))
        {
            SuitsEpollServer = true,
        },
        new LoadCase("json", "JSON", at => Get(at, "json", 64)),
        new LoadCase("pipelined", "16 pipelined requests", at => Get(at, "plaintext", 64, "pipeline", "16"))
        {
            HasLatencies = false,
            SuitsEpollServer = true,
            CountsCalls = true,
        },
        new LoadCase("tls", "TLS", at => new WrkLoad(64, new Uri(at.Tls!, "plaintext"))) { CountsCalls = true },
        new LoadCase("http2", "HTTP/2, 16 × 32 streams", at => Http2(at.Http2!, 16, 32)) { CountsCalls = true },
        new LoadCase("http2-one-stream", "HTTP/2, 64 × 1 stream", at => Http2(at.Http2!, 64, 1))
        {
            CountsCalls = true,
        },
        new LoadCase("http2-tls", "HTTP/2 and TLS, 16 × 32 streams", at => Http2(at.Tls!, 16, 32)),
        new LoadCase("grpc", "gRPC, unary, 16 × 8 calls", Grpc) { CountsCalls = true },
        new LoadCase("websocket", "WebSocket echo", at => WebSocket(at)),
        new LoadCase("signalr-echo", "SignalR echo", at => new SignalRLoad(64, new Uri(at.Http, "hub")))
        {
            Servers = [ServerCatalog.Baseline, ServerCatalog.Main],
        },
        new LoadCase("mqtt-qos0", "MQTT, QoS 0", at => new MqttLoad(64, at.Mqtt!))
        {
            Servers = [ServerCatalog.Baseline, ServerCatalog.Main],
        },
        new LoadCase("close", "a connection for each request", at => Get(at, "plaintext", 64, "close", "1"))
        {
            SuitsEpollServer = true,
        },
        new LoadCase("close-10", "a connection for each 10 requests", at => Get(at, "plaintext", 64, "close", "10"))
        {
            SuitsEpollServer = true,
        },
        new LoadCase("download", "1 MiB download", at => Get(at, "big", 16)),
        new LoadCase("upload", "1 MiB upload", Upload),
        new LoadCase("echo", "raw echo", at => Raw(at.Echo, "echo")) { SuitsEpollServer = true },
        new LoadCase("hello", "raw hello", at => Raw(at.Hello)) { SuitsEpollServer = true },
        new LoadCase("hello-core", "raw hello, one core for the server", at => Raw(at.Hello))
        {
            SuitsEpollServer = true,
            Setting = new ServerSetting { IsOnOneProcessor = true },
        },
        new LoadCase("proxy", "proxy, 64 connections", at => Get(at, "", 64))
        {
            Setting = new ServerSetting { IsProxy = true },
        },
        new LoadCase("rate-10000", "10,000 requests/s on 1,024 connections", at => Paced(at, 10_000))
        {
            IsPaced = true,
            Servers = ServerCatalog.Forms,
            CountsCalls = true,
        },
        new LoadCase("rate-30000", "30,000 requests/s on 1,024 connections", at => Paced(at, 30_000))
        {
            IsPaced = true,
        },
        new BlockingMixCase("blocking-mix", "32 fast, when 8 begin to block for 20 ms"),
        new BlockingMixCase(
            "blocking-grown",
            $"32 fast, when 8 have blocked for {BlockingMixCase.PoolGrowth.TotalSeconds} s",
            BlockingMixCase.PoolGrowth),
        new RecoveryCase(),
        new ColdStartCase(),
        new IdleCase(),
    ];

    private static WrkLoad Get(ServerEndPoints at, string path, int connections, params string[] script) =>
        new(connections, new Uri(at.Http, path)) { Script = script };

    // Each connection asks ten or thirty times in a second, at moments of its own.
    private static WrkLoad Paced(ServerEndPoints at, int rate) =>
        Get(at, "plaintext", Many) with { Pause = TimeSpan.FromSeconds((double)Many / rate) };

    // Over loopback the sender's thread does the receiver's part of TCP, too, so that one thread would be what limits
    // the rate.
    private static WrkLoad Upload(ServerEndPoints at) =>
        Get(at, "upload", 16, "upload", $"{MiB}") with { Threads = Environment.ProcessorCount };

    private static WrkLoad Raw(IPEndPoint endPoint, params string[] script) =>
        new(Connections: 64, new Uri($"http://{endPoint}/")) { Script = script };

    private static Http2Load Http2(Uri address, int connections, int streams) =>
        new(connections, streams, new Uri(address, "plaintext"));

    private static Http2Load Grpc(ServerEndPoints at) =>
        new(Connections: 16, Streams: 8, new Uri(at.Http2!, "bench.Greeter/SayHello")) { Message = "greeting.bin" };

    private static WebSocketLoad WebSocket(ServerEndPoints at) => new(64, new Uri($"ws://{at.Http.Authority}/ws"));
}
