using System.Net;

namespace FileSwarm.Net;

/// <summary>Messages to one address over a UDP socket that its owner shares or not.</summary>
internal sealed class DatagramLink(DatagramSocket socket, SocketAddress peer) : ILink
{
    public bool IsCongested => false;

    public void Send(ReadOnlyMemory<byte> frame) => socket.Send(frame.Span, peer);
}
