using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KqueueTransport.IntegrationTests.Suites;

/// <summary>Endpoints of one server whose applications run in different places.</summary>
public sealed class OwnSchedulingTests() : TransportSuite(TestTransport.KqueueAdaptive.With(SetScheduling))
{
    private static readonly IPAddress s_poolAddress = IPAddress.IPv6Loopback;

    [Fact]
    public async Task Handler_OfEachEndPoint_RunsWhereThatSays()
    {
        var server = await StartKestrelAsync(
            kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Run(TellThreadAsync));
                kestrel.Listen(s_poolAddress, 0, listen => listen.Run(TellThreadAsync));
            },
            _ => { });

        // A loop that has the bytes before anybody waits for them leaves that read to the pool.
        await Until.TrueAsync(async () => await AskAsync(server.EndPointAt(0)) == "loop", Deadline);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("pool", await AskAsync(server.EndPointAt(1)));
        }
    }

    private static void SetScheduling(KqueueTransportOptions options) => options.ConfigureEndPoint = (endPoint, own) =>
    {
        if (endPoint is IPEndPoint { Address: var address } && address.Equals(s_poolAddress))
        {
            own.Scheduling = Scheduling.ThreadPool;
        }
    };

    private static async Task TellThreadAsync(ConnectionContext connection)
    {
        await connection.Transport.Input.ReadAsync();
        var place = Thread.CurrentThread.IsThreadPoolThread ? "pool" : "loop";
        await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(place));
    }

    private async Task<string> AskAsync(EndPoint endPoint)
    {
        using var connection = await ConnectAsync(endPoint);
        await connection.SendAsync("?");
        return await connection.ReceiveTextAsync(4);
    }
}
