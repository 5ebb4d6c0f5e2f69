using System.Net;
using System.Net.Sockets;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Survival;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>A listen socket that a service manager opened: descriptor 3, and two variables that say so.</summary>
public abstract class SystemdTests(TestTransport transport) : TransportSuite(transport)
{
    // Goal: a restart that no client notices. Method: the manager, which is this test, keeps the socket; who connects
    // while no server runs is served by the next one.
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public async Task ListenSocket_HandedOverToOneProcessAfterAnother_NoConnectionIsLost(AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's.");
        using var socket = InheritedListenSocket.Open(family == AddressFamily.Unix
            ? new UnixDomainSocketEndPoint(UnixPath.Next())
            : new IPEndPoint(IPAddress.Loopback, 0));
        await using (var first = await StartAsync(socket))
        {
            await AskAsync(await ConnectAsync(socket.LocalEndPoint));
        }

        using var waiting = await ConnectAsync(socket.LocalEndPoint);
        Own(await StartAsync(socket));

        await AskAsync(waiting);
        await AskAsync(await ConnectAsync(socket.LocalEndPoint));
    }

    private async Task<WebAppProcess> StartAsync(InheritedListenSocket socket) => await WebAppProcess.StartByAsync(
        socket.Activation,
        Transport.WebAppOptions.SelectMany(option => new[] { $"--{option.Key}", option.Value }).Append("--port=0"),
        Deadline,
        Transport.Environment);

    private static async Task AskAsync(RawConnection connection)
    {
        using (connection)
        {
            await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
        }
    }
}
