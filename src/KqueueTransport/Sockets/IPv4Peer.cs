using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets;

/// <summary>
/// The address of an IPv4 peer, or of one that a socket for both families shows as IPv6 (::ffff:a.b.c.d), in eight
/// bytes: the end point and the address that it holds are nine times that, and many applications never ask. The default
/// is no peer.
/// </summary>
internal readonly struct IPv4Peer
{
    // struct sockaddr_in of every system: the port and then the address, both in network order, behind two bytes that
    // hold the family.
    private const int PortOffset = 2;
    private const int AddressOffset = 4;
    private const int SizeMin = 8;

    // struct sockaddr_in6 has the address behind four bytes more; the last four of it are those of IPv4.
    private const int MappedOffset = 20;
    private const int MappedSizeMin = 24;

    private readonly uint _address;
    private readonly ushort _port;
    private readonly bool _isMapped;

    private IPv4Peer(ReadOnlySpan<byte> address, int addressOffset)
    {
        _address = BinaryPrimitives.ReadUInt32LittleEndian(address[addressOffset..]);
        _port = BinaryPrimitives.ReadUInt16BigEndian(address[PortOffset..]);
        _isMapped = addressOffset == MappedOffset;
    }

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

    /// <summary>Takes an address as the kernel wrote it; false when it is not IPv4.</summary>
    public static bool TryParse(SocketAddress address, out IPv4Peer peer)
    {
        var bytes = address.Buffer.Span;
        if (address is { Size: >= SizeMin, Family: AddressFamily.InterNetwork })
        {
            peer = new IPv4Peer(bytes, AddressOffset);
            return true;
        }

        if (address is { Size: >= MappedSizeMin, Family: AddressFamily.InterNetworkV6 } &&
            bytes[..MappedOffset].EndsWith(MappedPrefix))
        {
            peer = new IPv4Peer(bytes, MappedOffset);
            return true;
        }

        peer = default;
        return false;
    }

    /// <summary>The end point, or null where there is no peer.</summary>
    public IPEndPoint? ToEndPoint()
    {
        if (_port == 0)
        {
            return null;
        }

        var address = new IPAddress(_address);
        return new IPEndPoint(_isMapped ? address.MapToIPv6() : address, _port);
    }
}
