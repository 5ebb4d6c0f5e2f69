using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets.Addresses;

/// <summary>
/// The network that an address belongs to, as the number of an IPv6 address whose other bits are zero. IPv4 is
/// ::ffff:a.b.c.d in either way of writing it.
/// </summary>
internal static class AddressPrefix
{
    // struct sockaddr_in and sockaddr_in6 of every system.
    private const int IPv4Offset = 4;
    private const int IPv4SizeMin = 8;
    private const int IPv6Offset = 8;
    private const int IPv6SizeMin = 24;

    private const int Bits = 128;
    private const int IPv4Bits = 32;

    // ::ffff:0:0/96
    private const ulong Mapped = 0xffff;

    /// <summary>Takes an address as the kernel wrote it; false when it is not IP's.</summary>
    /// <param name="address">The address.</param>
    /// <param name="ipv4Length">The bits of an IPv4 address that count, from 1.</param>
    /// <param name="ipv6Length">The bits of an IPv6 address that count, from 1.</param>
    /// <param name="prefix">The network.</param>
    public static bool TryParse(SocketAddress address, int ipv4Length, int ipv6Length, out UInt128 prefix)
    {
        var bytes = address.Buffer.Span;
        UInt128 whole;
        if (address is { Size: >= IPv4SizeMin, Family: AddressFamily.InterNetwork })
        {
            whole = new UInt128(0, (Mapped << IPv4Bits) | BinaryPrimitives.ReadUInt32BigEndian(bytes[IPv4Offset..]));
        }
        else if (address is { Size: >= IPv6SizeMin, Family: AddressFamily.InterNetworkV6 })
        {
            whole = BinaryPrimitives.ReadUInt128BigEndian(bytes[IPv6Offset..]);
        }
        else
        {
            prefix = default;
            return false;
        }

        var length = whole >> IPv4Bits == Mapped ? Bits - IPv4Bits + ipv4Length : ipv6Length;
        prefix = whole & (UInt128.MaxValue << (Bits - length));
        return true;
    }

    /// <summary>The whole of an address, if it is IPv4 in either way of writing it.</summary>
    public static bool TryParseIPv4(SocketAddress address, out uint number)
    {
        var isIP = TryParse(address, IPv4Bits, Bits, out var whole);
        number = (uint)(whole & uint.MaxValue);
        return isIP && whole >> IPv4Bits == Mapped;
    }
}
