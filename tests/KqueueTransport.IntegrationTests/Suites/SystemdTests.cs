using System.Net;
using System.Net.Sockets;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Servers;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>A listen socket that a service manager opened: descriptor 3, and two variables that say so.</summary>
public abstract class SystemdTests(TestTransport transport) : TransportSuite(transport)
{
    private const nuint FIONCLEX = 0x5450;

    // Goal: a restart that no client notices. Method: the manager, which is this test, keeps the socket; who connects
    // while no server runs is served by the next one.
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public async Task ListenSocket_HandedOverToOneProcessAfterAnother_NoConnectionIsLost(AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is Linux's.");
        using var socket = Listen(family);
        await using (var first = await StartAsync(socket))
        {
            await AskAsync(await ConnectAsync(socket.LocalEndPoint!));
        }

        using var waiting = await ConnectAsync(socket.LocalEndPoint!);
        Own(await StartAsync(socket));

        await AskAsync(waiting);
        await AskAsync(await ConnectAsync(socket.LocalEndPoint!));
    }

    private async Task<WebAppProcess> StartAsync(Socket socket) => await WebAppProcess.StartByAsync(
        $"exec 3<&{socket.Handle}; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"",
        Transport.WebAppOptions.SelectMany(option => new[] { $"--{option.Key}", option.Value }).Append("--port=0"),
        Deadline);

    /// <summary>Listens on a descriptor that child processes get.</summary>
    private static unsafe Socket Listen(AddressFamily family)
    {
        var isUnix = family == AddressFamily.Unix;
        var socket = new Socket(family, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        socket.Bind(isUnix ? new UnixDomainSocketEndPoint(UnixPath.Next()) : new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        Assert.Equal(0, new Libc().ioctl((int)socket.Handle, FIONCLEX));
        return socket;
    }

    private static async Task AskAsync(RawConnection connection)
    {
        using (connection)
        {
            await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
            Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
        }
    }
}
