using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using KqueueTransport.IntegrationTests.Net;
using KqueueTransport.IntegrationTests.Processes;
using KqueueTransport.IntegrationTests.Servers;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>Random bytes, in random pieces, with a random end, to every raw endpoint of the sample.</summary>
public sealed class GarbageTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private const int ConnectionsPerEndPoint = 150;

    // Half of the garbage is made of these, so that it gets further into a parser than noise does.
    private static readonly string[] s_words =
    [
        "GET ", "POST ", "/ ", "HTTP/1.1\r\n", "\r\n", "\r\n\r\n", "Host: a\r\n", "Content-Length: ", "99999999999\r\n",
        "Transfer-Encoding: chunked\r\n", "ffffffff\r\n", "0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0",
        "\u00ff",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n", ": : :\r\n", "Expect: 100-continue\r\n",
    ];

    [Fact]
    public async Task Garbage_ToEveryEndPoint_IsAnsweredOrRefusedAndNothingBreaks()
    {
        await using var app = await WebAppProcess.StartAsync(["--port=0"], Deadline);
        EndPoint[] endPoints = [app.Http, app.Echo, app.Hello];

        await Task.WhenAll(endPoints.SelectMany((endPoint, i) => Enumerable.Range(0, ConnectionsPerEndPoint)
            .Select(n => TalkAsync(endPoint, seed: (i * ConnectionsPerEndPoint) + n, isEcho: i == 1))));

        await EchoClients.TalkAsync(app.Echo, connections: 1, messages: 5, Deadline);
        using var client = Http.ClientFor(app.Http);
        Assert.Equal("Hello, World!", await client.GetStringAsync("/plaintext", Deadline));
        await Until.TrueAsync(() => ProcessFacts.Of(app.Id).Connections(app.Hello.Port) == 0, Deadline);
        app.Signal(PosixSignal.SIGTERM);
        var end = await app.WaitForEndAsync(Deadline);
        Assert.Equal((0, "", ""), (end.ExitCode, end.Output, end.Errors));
    }

    private async Task TalkAsync(EndPoint endPoint, int seed, bool isEcho)
    {
        var random = new Random(seed);
        var garbage = Make(random);
        using var connection = await ConnectAsync(endPoint);
        var answer = ReceiveAsync(connection);
        try
        {
            for (var sent = 0; sent < garbage.Length;)
            {
                var count = random.Next(1, garbage.Length - sent + 1);
                await connection.SendAsync(garbage.AsMemory(sent, count));
                sent += count;
            }

            if (random.Next(4) == 0)
            {
                connection.SendReset();
                return;
            }

            connection.SendFin();
        }
        catch (IOException) when (!isEcho)
        {
            // The server has refused it and closed before it was all sent.
        }

        var received = await answer;
        if (isEcho)
        {
            Assert.Equal(garbage, received);
        }
    }

    private async Task<byte[]> ReceiveAsync(RawConnection connection)
    {
        using var received = new MemoryStream();
        try
        {
            await connection.Stream.CopyToAsync(received, Deadline);
        }
        catch (IOException)
        {
            // Reset, by either side.
        }

        return received.ToArray();
    }

    private static byte[] Make(Random random)
    {
        using var bytes = new MemoryStream();
        for (var parts = random.Next(1, 40); parts > 0; parts--)
        {
            var noise = new byte[random.Next(300)];
            random.NextBytes(noise);
            bytes.Write(random.Next(2) == 0 ? noise : Encoding.Latin1.GetBytes(s_words[random.Next(s_words.Length)]));
        }

        return bytes.ToArray();
    }
}
