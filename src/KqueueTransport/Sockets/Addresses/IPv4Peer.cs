using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets.Addresses;

/// <summary>
/// The address of an IPv4 peer, or of one that a socket for both families shows as IPv6 (::ffff:a.b.c.d), in eight
/// bytes: the end point and the address that it holds are nine times that, and many applications never ask. The default
/// is no peer.
/// </summary>
internal readonly struct IPv4Peer
{
    // In struct sockaddr_in and sockaddr_in6 of every system.
    private const int PortOffset = 2;

    // As IPAddress takes it: in network order, of whatever order the machine is.
    private readonly uint _address;
    private readonly ushort _port;
    private readonly bool _isMapped;

    // Not told by the port: a peer that makes its packets by itself may send from port 0.
    private readonly bool _isPeer;

    private IPv4Peer(uint address, ushort port, bool isMapped) => (_address, _port, _isMapped, _isPeer) =
        (BinaryPrimitives.ReverseEndianness(address), port, isMapped, true);

    /// <summary>Takes an address as the kernel wrote it; false when it is not IPv4.</summary>
    public static bool TryParse(SocketAddress address, out IPv4Peer peer)
    {
        var isIPv4 = AddressPrefix.TryParseIPv4(address, out var number);
        peer = isIPv4
            ? new IPv4Peer(
                number,
                BinaryPrimitives.ReadUInt16BigEndian(address.Buffer.Span[PortOffset..]),
                address.Family == AddressFamily.InterNetworkV6)
            : default;
        return isIPv4;
    }

    /// <summary>The end point, or null where there is no peer.</summary>
    public IPEndPoint? ToEndPoint()
    {
        if (!_isPeer)
        {
            return null;
        }

        var address = new IPAddress(_address);
        return new IPEndPoint(_isMapped ? address.MapToIPv6() : address, _port);
    }
}
