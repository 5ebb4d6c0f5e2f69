using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;

namespace KqueueTransport.Tests.Sockets;

public sealed class AddressPrefixTests
{
    [Theory]
    [InlineData("10.1.2.3", 32, "10.1.2.3", true)]
    [InlineData("10.1.2.3", 32, "10.1.2.4", false)]
    [InlineData("10.1.2.3", 24, "10.1.2.200", true)]
    [InlineData("10.1.2.3", 24, "10.1.3.3", false)]
    [InlineData("10.1.2.3", 1, "127.255.255.255", true)]
    [InlineData("10.1.2.3", 1, "128.0.0.0", false)]
    [InlineData("10.1.2.3", 32, "::ffff:10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", 24, "10.1.2.9", true)]
    [InlineData("::ffff:10.1.2.3", 32, "::ffff:10.1.2.4", false)]
    public void TryParse_IPv4InEitherWriting_IsItsNetwork(string one, int length, string other, bool isOne) =>
        Assert.Equal(isOne, Prefix(one, length, 64) == Prefix(other, length, 64));

    [Theory]
    [InlineData("2001:db8::1", 64, "2001:db8::ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8::1", 64, "2001:db8:0:1::1", false)]
    [InlineData("2001:db8::1", 128, "2001:db8::2", false)]
    [InlineData("2001:db8::1", 128, "2001:db8::1", true)]
    [InlineData("2001:db8::1", 32, "2001:db8:ffff::", true)]
    [InlineData("::1", 1, "7fff::", true)]
    [InlineData("::1", 1, "8000::", false)]
    public void TryParse_IPv6_IsItsNetwork(string one, int length, string other, bool isOne) =>
        Assert.Equal(isOne, Prefix(one, 32, length) == Prefix(other, 32, length));

    // The network ::/64 has the written form of IPv4 in it, and is not IPv4's.
    [Fact]
    public void TryParse_IPv4AndIPv6BesideIt_AreApart() =>
        Assert.NotEqual(Prefix("::1", 32, 64), Prefix("::ffff:0.0.0.1", 32, 64));

    [Fact]
    public void TryParse_NoAddressOfIP_IsFalse()
    {
        Assert.False(AddressPrefix.TryParse(new UnixDomainSocketEndPoint("/a").Serialize(), 32, 64, out _));
        var none = SocketCalls.CreateAddress();
        none.Size = 0;
        Assert.False(AddressPrefix.TryParse(none, 32, 64, out _));
    }

    private static UInt128 Prefix(string address, int ipv4Length, int ipv6Length)
    {
        Assert.True(AddressPrefix.TryParse(
            new IPEndPoint(IPAddress.Parse(address), 4711).Serialize(), ipv4Length, ipv6Length, out var prefix));
        return prefix;
    }
}
