using System.Net;

namespace KqueueTransport.Tests;

/// <summary>Addresses of AF_VSOCK: their bytes, as the kernel's headers lay them out, and the rest.</summary>
public sealed class VsockEndPointTests
{
    // struct sockaddr_vm: svm_family, svm_reserved1, svm_port, svm_cid, svm_flags, svm_zero (linux/vm_sockets.h).
    private static readonly byte[] s_bytes =
        [40, 0, 0, 0, 0x39, 0x30, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0];

    [Fact]
    public void Serialize_AnAddress_IsTheKernelsStruct()
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "the bytes are those of a little-endian machine");

        Assert.Equal(s_bytes, new VsockEndPoint(3, 12345).Serialize().Buffer.ToArray());
    }

    [Fact]
    public void Create_OfItsOwnBytes_IsTheSame()
    {
        var endPoint = new VsockEndPoint(VsockEndPoint.Host, 12345);

        var copy = endPoint.Create(endPoint.Serialize());

        Assert.Equal(endPoint, copy);
        Assert.Equal(endPoint.GetHashCode(), copy.GetHashCode());
    }

    [Fact]
    public void Create_OfAnotherFamily_IsAnError() => Assert.Throws<ArgumentException>(
        () => new VsockEndPoint(1, 1).Create(new IPEndPoint(IPAddress.Loopback, 1).Serialize()));

    [Theory]
    [InlineData(3, "vsock:3:12345")]
    [InlineData(VsockEndPoint.Any, "vsock:*:12345")]
    public void ToString_AnAddress_NamesMachineAndPort(uint cid, string expected) =>
        Assert.Equal(expected, new VsockEndPoint(cid, 12345).ToString());
}
