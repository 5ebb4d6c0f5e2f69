using System.Net.Sockets;

namespace KqueueTransport.Tests.Connections;

/// <summary>What the far end of a connection does.</summary>
internal static class PeerSocketExtensions
{
    public static async Task<byte[]> ReceiveExactlyAsync(this Socket peer, int count)
    {
        var buffer = new byte[count];
        for (var received = 0; received < count;)
        {
            var more = await peer.ReceiveAsync(buffer.AsMemory(received)).Soon();
            Assert.True(more > 0, $"The end came after {received} of {count} bytes.");
            received += more;
        }

        return buffer;
    }

    /// <summary>Receives until the end, which has to be an orderly one.</summary>
    public static async Task<byte[]> ReceiveAllAsync(this Socket peer)
    {
        using var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int received;
        while ((received = await peer.ReceiveAsync(buffer.AsMemory()).Soon()) > 0)
        {
            all.Write(buffer, 0, received);
        }

        return all.ToArray();
    }

    public static void Reset(this Socket peer)
    {
        peer.LingerState = new LingerOption(enable: true, seconds: 0);
        peer.Close();
    }
}
