using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets;

/// <summary>
/// The address of an IPv4 peer in eight bytes: the end point and the address that it holds are nine times that, and
/// many applications never ask. The default is no peer.
/// </summary>
internal readonly struct IPv4Peer
{
    // struct sockaddr_in of every system: the port and then the address, both in network order, behind two bytes that
    // hold the family.
    private const int PortOffset = 2;
    private const int AddressOffset = 4;
    private const int SizeMin = 8;

    private readonly uint _address;
    private readonly ushort _port;

    private IPv4Peer(uint address, ushort port)
    {
        _address = address;
        _port = port;
    }

    /// <summary>Takes an address as the kernel wrote it; false when it is not IPv4.</summary>
    public static bool TryParse(SocketAddress address, out IPv4Peer peer)
    {
        peer = default;
        if (address.Size < SizeMin || address.Family != AddressFamily.InterNetwork)
        {
            return false;
        }

        var bytes = address.Buffer.Span;
        peer = new IPv4Peer(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[AddressOffset..]),
            BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]));
        return true;
    }

    /// <summary>The end point, or null where there is no peer.</summary>
    public IPEndPoint? ToEndPoint() => _port == 0 ? null : new IPEndPoint(_address, _port);
}
