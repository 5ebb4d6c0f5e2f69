using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace KqueueTransport.IntegrationTests.Security;

/// <summary>Limits of the server that hold on this transport. Buffers and queues have suites of their own.</summary>
public sealed class LimitTests() : TransportSuite(TestTransport.KqueueAdaptive)
{
    private static readonly TimeSpan s_handshake = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task Connections_MoreThanAllowed_AreClosedAndTheOthersServed()
    {
        const int Allowed = 10;
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Limits.MaxConcurrentConnections = Allowed;
                kestrel.Listen(IPAddress.Loopback, 0);
            },
            app => app.Run(context => context.Response.WriteAsync("ok")));

        var answers = new List<bool>();
        var connections = new List<RawConnection>();
        for (var i = 0; i < 3 * Allowed; i++)
        {
            var connection = await ConnectAsync(server.EndPoint);
            connections.Add(connection);
            answers.Add(await IsAnsweredAsync(connection));
        }

        Assert.Equal(Allowed, answers.Count(isAnswered => isAnswered));
        connections.ForEach(connection => connection.Dispose());
        await Until.TrueAsync(() => IsServedAgain(server.EndPoint), Deadline);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u0016\u0003\u0001")]
    public async Task Handshake_NotFinishedInTime_IsEnded(string start)
    {
        var server = await StartKestrelAsync(
            kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(
                SelfSignedCertificate.Instance, https => https.HandshakeTimeout = s_handshake)),
            app => app.Run(context => context.Response.WriteAsync("ok")));
        var started = Stopwatch.GetTimestamp();
        using var connection = await ConnectAsync(server.EndPoint);
        if (start.Length > 0)
        {
            await connection.SendAsync(start);
        }

        await connection.WaitForEndAsync();

        Assert.InRange(Stopwatch.GetElapsedTime(started), s_handshake / 2, TimeSpan.FromSeconds(30));
    }

    private static async Task<bool> IsAnsweredAsync(RawConnection connection)
    {
        try
        {
            await connection.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await connection.ReceiveHeadAsync();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private bool IsServedAgain(EndPoint endPoint)
    {
        using var connection = ConnectAsync(endPoint).GetAwaiter().GetResult();
        return IsAnsweredAsync(connection).GetAwaiter().GetResult();
    }
}
