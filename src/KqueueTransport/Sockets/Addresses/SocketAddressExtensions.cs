using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets.Addresses;

/// <summary>From addresses as the kernel writes them to end points.</summary>
internal static class SocketAddressExtensions
{
    private static readonly IPEndPoint s_ipv4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint s_ipv6 = new(IPAddress.IPv6Any, 0);
    private static readonly UnixDomainSocketEndPoint s_unix = new("/");
    private static readonly VsockEndPoint s_vsock = new(VsockEndPoint.Any, 0);

    /// <summary>The end point, or null for an address of length 0 or of an unknown family.</summary>
    public static EndPoint? ToEndPoint(this SocketAddress address)
    {
        if (address.Size == 0)
        {
            return null;
        }

        return address.Family switch
        {
            AddressFamily.InterNetwork => s_ipv4.Create(address),
            AddressFamily.InterNetworkV6 => s_ipv6.Create(address),
            AddressFamily.Unix => s_unix.Create(address),
            _ => VsockEndPoint.IsOne(address) ? s_vsock.Create(address) : null,
        };
    }
}
