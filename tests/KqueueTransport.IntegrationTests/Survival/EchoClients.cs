using System.Net;
using System.Security.Cryptography;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>Clients of the raw echo that look at every byte.</summary>
internal static class EchoClients
{
    /// <summary>So many connections, each with so many messages of up to 64 KiB, all of which must come back.</summary>
    public static Task TalkAsync(EndPoint echo, int connections, int messages, CancellationToken deadline) =>
        Task.WhenAll(Enumerable.Range(0, connections).Select(seed => TalkOnceAsync(echo, seed, messages, deadline)));

    private static async Task TalkOnceAsync(EndPoint echo, int seed, int messages, CancellationToken deadline)
    {
        var random = new Random(seed);
        using var connection = await RawConnection.ConnectAsync(echo, deadline);
        for (var i = 0; i < messages; i++)
        {
            var message = new byte[random.Next(1, 1 << random.Next(1, 17))];
            random.NextBytes(message);
            var sending = connection.SendAsync(message);
            var echoed = await connection.ReceiveAsync(message.Length);
            await sending;
            Assert.Equal(SHA256.HashData(message), SHA256.HashData(echoed));
        }

        connection.SendFin();
        Assert.Equal("", await connection.ReceiveToEndAsync());
    }
}
