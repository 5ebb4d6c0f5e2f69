namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>The far end of a <see cref="Duplex"/>. It reads only when the test asks it to.</summary>
public abstract class Peer
{
    /// <summary>Delivers bytes to the input. Pends while the stream takes no more.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Takes what was sent; 0 at the end of the stream.</summary>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer);

    /// <summary>Ends the stream towards the input (FIN); receiving goes on.</summary>
    public abstract void Finish();

    /// <summary>Ends both directions at once (RST).</summary>
    public abstract void Reset();

    public async Task<byte[]> ReceiveExactlyAsync(int count)
    {
        var bytes = new byte[count];
        var received = 0;
        while (received < count)
        {
            var n = await ReceiveAsync(bytes.AsMemory(received));
            Assert.True(n > 0, $"the stream ended after {received} of {count} bytes");
            received += n;
        }
        return bytes;
    }

    public async Task<byte[]> ReceiveToEndAsync()
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await ReceiveAsync(buffer) is > 0 and var n)
        {
            all.Write(buffer, 0, n);
        }
        return all.ToArray();
    }
}
