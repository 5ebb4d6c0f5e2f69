using System.Net.Sockets;
using Kqueue.EventLoops;
using Samples.Common;

namespace MioServer;

/// <summary>Receives and forgets, as RFC 863 has it.</summary>
internal sealed class DiscardConnection(EventLoop loop, Socket socket) : LoopConnection(loop, socket)
{
    protected override void OnReadable()
    {
        Span<byte> forgotten = stackalloc byte[16 * 1024];
        TryReceive(forgotten, out _);
    }

    protected override void OnLost(SocketError cause)
    {
    }
}
