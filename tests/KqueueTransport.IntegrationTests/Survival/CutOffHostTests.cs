using System.Net;
using System.Runtime.InteropServices;
using KqueueTransport.Connections;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>A host whose cable is pulled: nothing tells the others, which must get over it all the same.</summary>
[Collection<Alone>]
public sealed class CutOffHostTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int Port = 8080;

    // Goal: a peer that vanishes in the middle of an upload keeps neither its connection nor the others. Method: a
    // server and two clients; the second is cut off, and Kestrel's minimum rate for requests ends its connection.
    [Fact]
    public async Task Client_CutOffInAnUpload_IsDroppedWhileTheOtherIsServed()
    {
        await using var hosts = await NetworkHosts.CreateAsync(Deadline);
        var curl = Tool.Require("curl", "curl");
        var app = await StartAsync(hosts, host: 0);
        await AskAsync(hosts, curl, client: 1);
        await using var upload = hosts.Start(
            2, curl, "-s", "-D", "-", "-H", "Expect: 100-continue", "-H", "Content-Length: 1000000", "-d", "abc",
            Url(host: 0, "upload"));

        // It waits for the body from here on: of a client that has said nothing yet it would expect no rate.
        await upload.ReadLineWithAsync("100 Continue", Deadline);

        await hosts.PlugAsync(host: 2, isIn: false);

        await AskAsync(hosts, curl, client: 1);
        await Until.TrueAsync(() => Connections(app) == 0, Deadline);
        await hosts.PlugAsync(host: 2, isIn: true);
        await AskAsync(hosts, curl, client: 2);
        await StopAsync(app);
        Survived.Print("a client that is cut off in an upload", (3, "requests before, meanwhile and after"));
    }

    // Goal: a server that vanishes under load costs no request. Method: HAProxy and the load on one host, a server on
    // each of the others, one of which is cut off and comes back.
    [Theory]
    [InlineData("keep-alive")]
    [InlineData("close")]
    public async Task Haproxy_HostOfAServerIsCutOff_NoRequestFails(string connection)
    {
        await using var hosts = await NetworkHosts.CreateAsync(Deadline);
        var wrk = Tool.Require("wrk", "wrk");
        WebAppProcess[] servers = [await StartAsync(hosts, host: 1), await StartAsync(hosts, host: 2)];
        await using var proxy = await HaproxyProcess.StartAsync(
            hosts, host: 0, EndPoint(host: 0), [EndPoint(host: 1), EndPoint(host: 2)]);
        await Until.TrueAsync(() => proxy.IsUp(0) && proxy.IsUp(1), Deadline);

        using var isOver = new CancellationTokenSource();
        var load = LoadAsync(hosts, wrk, connection, isOver.Token);
        await Until.TrueAsync(() => Connections(servers[1]) > 0, Deadline);
        await hosts.PlugAsync(host: 2, isIn: false);
        await Until.TrueAsync(() => !proxy.IsUp(1), Deadline);
        await hosts.PlugAsync(host: 2, isIn: true);
        await Until.TrueAsync(() => proxy.IsUp(1), Deadline);
        await isOver.CancelAsync();

        var requests = await load;
        Assert.InRange(requests, 100, int.MaxValue);
        await Task.WhenAll(servers.Select(StopAsync));
        Survived.Print(
            $"a server that is cut off behind HAProxy ({connection})", (requests, "requests"), (0, "failed requests"));
    }

    // Round after round, because nobody knows how long it takes to notice what happens to a host.
    private static async Task<int> LoadAsync(
        NetworkHosts hosts, Tool wrk, string connection, CancellationToken isOver)
    {
        var requests = 0;
        while (!isOver.IsCancellationRequested)
        {
            var report = await hosts.RunAsync(
                0, wrk, "-t1", "-c32", "-d3s", "--timeout=30s", "-H", $"Connection: {connection}", Url(0, "plaintext"));
            requests += WrkReport.AssertClean(report, requestsMin: 0);
        }

        return requests;
    }

    private async Task<WebAppProcess> StartAsync(NetworkHosts hosts, int host) => Own(await WebAppProcess.StartByAsync(
        $"export Kestrel__Endpoints__Net__Url=http://{EndPoint(host)}; {hosts.On(host)}", ["--port=0"], Deadline));

    private async Task StopAsync(WebAppProcess app)
    {
        app.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, (await app.WaitForEndAsync(Deadline)).ExitCode);
    }

    private static IPEndPoint EndPoint(int host) => new(NetworkHosts.AddressOf(host), Port);

    private static string Url(int host, string path) => $"http://{EndPoint(host)}/{path}";

    private static int Connections(WebAppProcess app) => ProcessFacts.Of(app.Id).Connections(Port);

    private static async Task AskAsync(NetworkHosts hosts, Tool curl, int client) => Assert.Equal(
        "Hello, World!", await hosts.RunAsync(client, curl, "-s", "--max-time", "20", Url(host: 0, "plaintext")));
}
