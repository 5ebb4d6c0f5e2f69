using System.Net;
using KqueueTransport.Sockets.Addresses;

namespace KqueueTransport.Tests.Sockets;

/// <summary>Which addresses a connection keeps in eight bytes, and that they come back as they were.</summary>
public sealed class IPv4PeerTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("255.254.253.252", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("::10.1.2.3", false)]
    [InlineData("::1", false)]
    [InlineData("fe80::ffff:10.1.2.3", false)]
    public void TryParse_Address_IsKeptIfItIsOfIPv4(string text, bool isKept)
    {
        var endPoint = new IPEndPoint(IPAddress.Parse(text), 54321);

        Assert.Equal(isKept, IPv4Peer.TryParse(endPoint.Serialize(), out var peer));

        Assert.Equal(isKept ? endPoint : null, peer.ToEndPoint());
    }

    // Nobody gets it of a kernel, and packets may have it all the same.
    [Fact]
    public void TryParse_PortZero_IsAPeer()
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, 0);

        Assert.True(IPv4Peer.TryParse(endPoint.Serialize(), out var peer));

        Assert.Equal(endPoint, peer.ToEndPoint());
        Assert.Null(default(IPv4Peer).ToEndPoint());
    }
}
