using System.Net;
using System.Runtime.InteropServices;
using KqueueTransport.Connections;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>Servers that are replaced one after the other under load: not one request fails.</summary>
[Collection<Alone>]
public sealed class RollingRestartTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const string LoadTime = "-d6s";

    [Theory]
    [InlineData("keep-alive")]
    [InlineData("close")]
    public async Task Haproxy_ServersRestartedOneByOne_NoRequestFails(string connection)
    {
        var wrk = Tool.Require("wrk", "wrk");
        var port = FreePorts.Take(7);
        int[] ports = [port + 1, port + 4];
        var servers = new[] { await StartAsync(ports[0]), await StartAsync(ports[1]) };
        await using var proxy = await StartProxyAsync(port, ports);

        var load = wrk.RunAsync(
            Deadline, "-t1", "-c32", LoadTime, "--timeout=30s", "-H", $"Connection: {connection}",
            $"http://127.0.0.1:{port}/plaintext");
        var restarts = 0;
        for (; !load.IsCompleted; restarts++)
        {
            var turn = restarts % 2;
            servers[turn].Signal(PosixSignal.SIGTERM);
            Assert.Equal(0, (await servers[turn].WaitForEndAsync(Deadline)).ExitCode);
            servers[turn] = await StartAsync(ports[turn]);
            await WaitUntilProxiedAsync(proxy, turn);
        }

        PrintSurvived($"restarts behind HAProxy ({connection})", await load, restarts);
    }

    // Nobody is in between who would send a request again.
    [Fact]
    public async Task ActivatedSocket_HandedFromProcessToProcessUnderLoad_NoRequestFails()
    {
        using var socket = InheritedListenSocket.Open(LoopbackPort(0));
        var server = await StartActivatedAsync(socket);

        await HandOnUnderLoadAsync(socket, server, socket.LocalEndPoint, "close");
    }

    // A server that stops may close a kept connection just when a request comes, so somebody has to send that again.
    [Fact]
    public async Task ActivatedSocket_HandedOnBehindHaproxy_NoRequestOfAKeptConnectionFails()
    {
        var port = FreePorts.Take(2);
        using var socket = InheritedListenSocket.Open(LoopbackPort(port + 1));
        var server = await StartActivatedAsync(socket);
        await using var proxy = await StartProxyAsync(port, [port + 1]);

        await HandOnUnderLoadAsync(socket, server, LoopbackPort(port), "keep-alive");
    }

    // As above, without a third process that holds the socket: the successor takes it from the server that runs.
    [Fact]
    public async Task HandOverPath_ServersReplaceEachOtherUnderLoad_NoRequestFails()
    {
        var path = UnixPath.Next();
        var server = await StartReplacingAsync(path, port: 0);

        await ReplaceUnderLoadAsync(path, port: 0, server, server.Http, "close");
    }

    [Fact]
    public async Task HandOverPath_ServersReplaceEachOtherBehindHaproxy_NoRequestOfAKeptConnectionFails()
    {
        var port = FreePorts.Take(2);
        var path = UnixPath.Next();
        var server = await StartReplacingAsync(path, port + 1);
        await using var proxy = await StartProxyAsync(port, [port + 1]);

        await ReplaceUnderLoadAsync(path, port + 1, server, LoopbackPort(port), "keep-alive");
    }

    private async Task ReplaceUnderLoadAsync(
        string path, int port, WebAppProcess server, EndPoint target, string connection)
    {
        var load = Tool.Require("wrk", "wrk").RunAsync(
            Deadline, "-t1", "-c32", LoadTime, "--timeout=30s", "-H", $"Connection: {connection}",
            $"http://{target}/plaintext");
        var restarts = 0;
        for (; !load.IsCompleted; restarts++)
        {
            var next = await StartReplacingAsync(path, port);
            Assert.Equal(0, (await server.WaitForEndAsync(Deadline)).ExitCode);
            server = next;
        }

        PrintSurvived($"a server that replaces the one that runs ({connection})", await load, restarts);
    }

    private async Task HandOnUnderLoadAsync(
        InheritedListenSocket socket, WebAppProcess server, EndPoint target, string connection)
    {
        var load = Tool.Require("wrk", "wrk").RunAsync(
            Deadline, "-t1", "-c32", LoadTime, "--timeout=30s", "-H", $"Connection: {connection}",
            $"http://{target}/plaintext");
        var restarts = 0;
        for (; !load.IsCompleted; restarts++)
        {
            var next = await StartActivatedAsync(socket);
            server.Signal(PosixSignal.SIGTERM);
            Assert.Equal(0, (await server.WaitForEndAsync(Deadline)).ExitCode);
            server = next;
        }

        PrintSurvived($"a listen socket that is handed on ({connection})", await load, restarts);
    }

    private static void PrintSurvived(string trouble, string report, int restarts)
    {
        var requests = WrkReport.AssertClean(report, requestsMin: 100);
        Assert.InRange(restarts, 1, int.MaxValue);
        Survived.Print(trouble, (restarts, "restarts"), (requests, "requests"), (0, "failed requests"));
    }

    private async Task<WebAppProcess> StartAsync(int port) =>
        Own(await WebAppProcess.StartAsync([$"--port={port}"], Deadline));

    private async Task<WebAppProcess> StartReplacingAsync(string path, int port) =>
        Own(await WebAppProcess.StartAsync(
            [$"--port={port}"],
            Deadline,
            new Dictionary<string, string> { ["Kqueue__HandOverPath"] = path }));

    private async Task<WebAppProcess> StartActivatedAsync(InheritedListenSocket socket) =>
        Own(await WebAppProcess.StartByAsync(socket.Activation, ["--port=0"], Deadline));

    private async Task<HaproxyProcess> StartProxyAsync(int port, int[] servers)
    {
        var proxy = await HaproxyProcess.StartAsync(LoopbackPort(port), [.. servers.Select(LoopbackPort)]);
        for (var i = 0; i < servers.Length; i++)
        {
            await WaitUntilProxiedAsync(proxy, i);
        }

        return proxy;
    }

    private static IPEndPoint LoopbackPort(int port) => new(IPAddress.Loopback, port);

    private Task WaitUntilProxiedAsync(HaproxyProcess proxy, int server) =>
        Until.TrueAsync(() => proxy.IsUp(server), Deadline);
}
