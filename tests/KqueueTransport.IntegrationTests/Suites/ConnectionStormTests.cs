using System.Net;
using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>A thousand connections in bursts, half of them reset and half open to the end, leave nothing.</summary>
public abstract class ConnectionStormTests(TestTransport transport) : WebAppSuite(transport)
{
    private const int Connections = 1000;

    private const int StormsMax = 4;

    // FreeBSD resets what comes when the accept queue holds one and a half times the backlog (uipc_socket.c,
    // sonewconn), and both it and macOS cut the backlog to 128 by default.
    private const int Burst = 100;

    // Less than 1 KiB for each connection of two storms: what a pool or the runtime grows by, and no connection object.
    private const long ToleranceBytes = 2 * Connections * 1024;

    [Fact]
    public async Task Connections_HalfOfThemReset_LeaveNoDescriptor()
    {
        Assert.SkipUnless(OpenDescriptors.CanBeCounted, "This system does not show a process its open descriptors.");
        var server = StartWebApp();
        var open = new List<long>();

        // A leak grows with every storm. A file that the runtime comes to need, such as an assembly's, is opened once,
        // and not every system tells it from a socket.
        do
        {
            await StormAsync(server.Http);
            open.Add(await Until.StableAsync(() => OpenDescriptors.Count(), Deadline));
        }
        while (open.Count < StormsMax && (open.Count == 1 || open[^1] > open[^2]));

        Assert.True(open[^1] <= open[^2], $"Open after each storm: {string.Join(", ", open)}.");
    }

    [Fact]
    public async Task Connections_HalfOfThemReset_LeaveNoMemory()
    {
        var server = StartWebApp();
        await StormAsync(server.Http);
        var before = LiveBytes();

        await StormAsync(server.Http);
        await StormAsync(server.Http);

        await Until.TrueAsync(() => LiveBytes() < before + ToleranceBytes, Deadline);
    }

    private static long LiveBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private async Task StormAsync(EndPoint endPoint)
    {
        var connections = new List<RawConnection>(Connections);
        while (connections.Count < Connections)
        {
            var burst = await Task.WhenAll(Enumerable.Range(0, Burst).Select(_ => ConnectAsync(endPoint)));
            connections.AddRange(burst);
            await Task.WhenAll(burst.Select((connection, i) => UseAsync(connection, reset: i % 2 == 0)));
        }

        connections.ForEach(connection => connection.Dispose());
    }

    private static async Task UseAsync(RawConnection connection, bool reset)
    {
        await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
        if (reset)
        {
            connection.SendReset();
            return;
        }

        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }
}
