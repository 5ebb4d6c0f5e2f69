using System.Net.Sockets;
using System.Text;
using Kqueue.EventLoops;
using Samples.Common;

namespace MioServer;

/// <summary>Counts what it receives and, once the peer has sent all of it, says how much it was.</summary>
internal sealed class CountConnection(EventLoop loop, Socket socket) : LoopConnection(loop, socket)
{
    private long _count;

    protected override void OnReadable()
    {
        Span<byte> received = stackalloc byte[16 * 1024];
        if (TryReceive(received, out var count))
        {
            _count += count;
        }
    }

    protected override void OnInputEnded() => Send(Encoding.ASCII.GetBytes($"Received {_count} bytes\n"));

    protected override void OnLost(SocketError cause)
    {
    }
}
