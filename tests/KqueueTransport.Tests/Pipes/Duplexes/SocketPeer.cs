using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace KqueueTransport.Tests.Pipes.Duplexes;

/// <summary>The far end of a real connection.</summary>
internal sealed class SocketPeer(Socket socket) : Peer
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer) => socket.ReceiveAsync(buffer);

    public override void Finish() => socket.Shutdown(SocketShutdown.Send);

    public override void Reset()
    {
        // Linger zero turns close into a reset.
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
