using System.Runtime.InteropServices;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>A client whose cable is pulled: nothing tells the server, which must get rid of it all the same.</summary>
public sealed class CutOffHostTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int Port = 8080;

    // Goal: a peer that vanishes in the middle of an upload keeps neither its connection nor the others. Method: three
    // hosts on one wire; the second client is cut off, and Kestrel's minimum rate for requests ends its connection.
    [Fact]
    public async Task Client_CutOffInAnUpload_IsDroppedWhileTheOtherIsServed()
    {
        await using var hosts = await NetworkHosts.CreateAsync(Deadline);
        var curl = Tool.Require("curl", "curl");
        await using var app = await WebAppProcess.StartByAsync(
            $"export Kestrel__Endpoints__Net__Url=http://{NetworkHosts.ServerAddress}:{Port}; {hosts.On(hosts.Server)}",
            ["--port=0"], Deadline);
        await AskAsync(hosts, curl, client: 1);
        await using var upload = RunningProgram.Start(
            Tool.Require("ip", "iproute2").Path,
            [
                "netns", "exec", hosts.Client(2), curl.Path, "-s", "-H", "Content-Length: 1000000", "-d", "abc",
                Url("upload"),
            ]);
        await Until.TrueAsync(() => Connections(app) == 1, Deadline);

        await hosts.PlugAsync(client: 2, isIn: false);

        await AskAsync(hosts, curl, client: 1);
        await Until.TrueAsync(() => Connections(app) == 0, Deadline);
        await hosts.PlugAsync(client: 2, isIn: true);
        await AskAsync(hosts, curl, client: 2);
        app.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, (await app.WaitForEndAsync(Deadline)).ExitCode);
    }

    private static string Url(string path) => $"http://{NetworkHosts.ServerAddress}:{Port}/{path}";

    private static int Connections(WebAppProcess app) => ProcessFacts.Of(app.Id).Connections(Port);

    private static async Task AskAsync(NetworkHosts hosts, Tool curl, int client) => Assert.Equal(
        "Hello, World!", await hosts.RunAsync(hosts.Client(client), curl, "-s", "--max-time", "20", Url("plaintext")));
}
