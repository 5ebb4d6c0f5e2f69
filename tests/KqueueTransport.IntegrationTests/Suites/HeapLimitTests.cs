using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using KqueueTransport.IntegrationTests.Processes;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>
/// samples/WebApp with little memory, as in a small container: clients that ask for more than it could hold, and read
/// nothing. What they ask for is not copied, so that there is enough for the others.
/// </summary>
public abstract class HeapLimitTests(TestTransport transport) : TransportSuite(transport)
{
    private const int HeapMiB = 64;

    // Each of them asks for so much in writes of one MiB, of which the kernel takes a part.
    private const int Clients = 100;
    private const int AnswerMiB = 4;

    [Fact]
    public async Task Heap_ClientsAskForMoreThanItHolds_OthersAreServed()
    {
        Assert.SkipWhen(
            Transport.IsSockets,
            "Copies each write, and the process ends: no memory on a thread of the runtime's sockets, or in Kestrel.");
        var app = Own(await WebAppProcess.StartAsync(
            Transport.WebAppOptions.SelectMany(option => new[] { $"--{option.Key}", option.Value }).Append("--port=0"),
            Deadline,
            new Dictionary<string, string>(Transport.Environment)
            {
                ["DOTNET_GCHeapHardLimit"] = (HeapMiB << 20).ToString("x", CultureInfo.InvariantCulture),
            }));

        var silent = new List<Socket>();
        for (var i = 0; i < Clients; i++)
        {
            silent.Add(await AskForMuchAsync(app));
            await AssertServesAsync(app);
        }

        var buffer = new byte[AnswerMiB << 20];
        for (var received = 0; received < buffer.Length;)
        {
            var count = await silent[0].ReceiveAsync(buffer, Deadline);
            Assert.NotEqual(0, count);
            received += count;
        }

        silent.ForEach(socket => socket.Dispose());
        await AssertServesAsync(app);
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);
        Assert.Equal(0, end.ExitCode);
        Assert.Equal("", end.Output);
    }

    private async Task<Socket> AskForMuchAsync(WebAppProcess app)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveBufferSize = 4096,
        };
        OwnSynchronous(socket);
        await socket.ConnectAsync(app.Http, Deadline);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"GET /big?mib={AnswerMiB} HTTP/1.1\r\nHost: a\r\n\r\n"), Deadline);
        return socket;
    }

    private async Task AssertServesAsync(WebAppProcess app)
    {
        using var connection = await ConnectAsync(app.Http);
        await connection.SendAsync("GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.Equal("Hello, World!", (await connection.ReceiveResponseAsync()).Body);
    }
}
