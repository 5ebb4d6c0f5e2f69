using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Common.Survival;

/// <summary>
/// Clients that send random bytes in random pieces and leave in a random way. One seed is one client.
/// </summary>
/// <param name="endPoint">Whom they talk to.</param>
/// <param name="isEcho">Whether everything has to come back to those who end with FIN.</param>
internal sealed class GarbageClients(EndPoint endPoint, bool isEcho = false)
{
    private const int PauseMsMax = 100;

    // Half of the garbage is made of these, so that it gets further into a parser than noise does.
    private static readonly string[] s_words =
    [
        "GET ", "POST ", "/ ", "HTTP/1.1\r\n", "\r\n", "\r\n\r\n", "Host: a\r\n", "Content-Length: ",
        "99999999999\r\n", "Transfer-Encoding: chunked\r\n", "ffffffff\r\n", "0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0", "\u00ff", ": : :\r\n", "Expect: 100-continue\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ];

    private long _seeds;
    private long _bytes;
    private long _answered;
    private long _refused;
    private long _resets;

    /// <summary>How many talked, what they sent and got, how many were cut off and how many reset.</summary>
    public (long Count, string What)[] Counts =>
    [
        (_seeds, "seeds"), (_bytes, "bytes of garbage"), (_answered, "bytes of answers"),
        (_refused, "refused in the middle"), (_resets, "resets"),
    ];

    /// <summary>Runs so many clients at the same time, to their ends.</summary>
    public Task TalkAsync(int clients, CancellationToken deadline) =>
        Task.WhenAll(Enumerable.Range(1, clients).Select(seed => TalkAsync(new Random(seed), deadline)));

    /// <summary>Random bytes and words, some thousand at most.</summary>
    public static byte[] Make(Random random)
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

    private async Task TalkAsync(Random random, CancellationToken deadline)
    {
        Interlocked.Increment(ref _seeds);
        var garbage = Make(random);
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, deadline);
        await using var stream = new NetworkStream(socket);
        var receiving = ReceiveAsync(stream, deadline);
        try
        {
            await SendAsync(stream, garbage, random, deadline);

            // Kestrel answers a bad request only to those who are still there.
            await Task.WhenAny(receiving, Task.Delay(random.Next(PauseMsMax), deadline));
            if (random.Next(4) == 0)
            {
                Interlocked.Increment(ref _resets);
                socket.Close(timeout: 0);
                await receiving;
                return;
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (!isEcho && e is IOException or SocketException)
        {
            // The server has refused it and closed before it was all sent.
            Interlocked.Increment(ref _refused);
        }

        var received = await receiving;
        Interlocked.Add(ref _answered, received.Length);
        if (isEcho)
        {
            Assert.Equal(garbage, received);
        }
    }

    private async Task SendAsync(NetworkStream stream, byte[] garbage, Random random, CancellationToken deadline)
    {
        for (var sent = 0; sent < garbage.Length;)
        {
            var count = random.Next(1, garbage.Length - sent + 1);
            await stream.WriteAsync(garbage.AsMemory(sent, count), deadline);
            sent += count;
            Interlocked.Add(ref _bytes, count);
        }
    }

    private static async Task<byte[]> ReceiveAsync(NetworkStream stream, CancellationToken deadline)
    {
        using var received = new MemoryStream();
        try
        {
            await stream.CopyToAsync(received, deadline);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Reset, by either side.
        }

        return received.ToArray();
    }
}
