using System.Buffers.Binary;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>What each system writes of the peer of a Unix socket, byte by byte.</summary>
public sealed class PeerCredentialsLayoutTests
{
    // linux/socket.h: struct ucred { __u32 pid, uid, gid; }. sys/ucred.h: struct xucred { u_int cr_version;
    // uid_t cr_uid; short cr_ngroups; gid_t cr_groups[16]; }, on FreeBSD with a union of a pointer and pid_t behind it.
    private const int DarwinBytes = 76;
    private const int FreeBsdBytes = 88;

    [Fact]
    public void Decode_Linux_TakesEveryField() => Assert.Equal(
        new UnixPeerCredentials(4_711, 1_000, 4_000_000_000),
        PeerCredentialsLayout.Linux.TryDecode(Words(12, (0, 4_711), (4, 1_000), (8, 4_000_000_000))));

    [Fact]
    public void Decode_FreeBsd_TakesEveryField() => Assert.Equal(
        new UnixPeerCredentials(4_711, 1_000, 20),
        PeerCredentialsLayout.FreeBsd.TryDecode(
            Words(FreeBsdBytes, (4, 1_000), (8, 3), (12, 20), (16, 5), (20, 0), (80, 4_711))));

    [Fact]
    public void Decode_Darwin_TakesUserAndGroup()
    {
        var layout = PeerCredentialsLayout.Darwin;

        Assert.Equal(
            new UnixPeerCredentials(null, 501, 20),
            layout.TryDecode(Words(DarwinBytes, (4, 501), (8, 16), (12, 20), (72, 80))));
        Assert.Equal((0, 1, 2), (layout.Level, layout.Option, layout.ProcessOption));
    }

    [Fact]
    public void Decode_ProcessIsOutOfSight_HasNoProcess()
    {
        Assert.Equal(
            new UnixPeerCredentials(null, 1_000, 1_000),
            PeerCredentialsLayout.Linux.TryDecode(Words(12, (4, 1_000), (8, 1_000))));
        Assert.Equal(
            new UnixPeerCredentials(null, 1_000, 20),
            PeerCredentialsLayout.FreeBsd.TryDecode(Words(FreeBsdBytes, (4, 1_000), (8, 1), (12, 20))));
    }

    // The user 0 is root: what is not whole must not be taken for zeros.
    [Fact]
    public void Decode_Short_IsNone()
    {
        Assert.Null(PeerCredentialsLayout.Linux.TryDecode(new byte[11]));
        Assert.Null(PeerCredentialsLayout.FreeBsd.TryDecode(new byte[FreeBsdBytes - 1]));
        Assert.Null(PeerCredentialsLayout.Darwin.TryDecode(new byte[DarwinBytes - 1]));
        Assert.Null(PeerCredentialsLayout.Darwin.TryDecode([]));
    }

    [Fact]
    public void Decode_OfAnotherVersionOrNoUnixSocket_IsNone()
    {
        Assert.Null(PeerCredentialsLayout.FreeBsd.TryDecode(Words(FreeBsdBytes, (0, 1), (4, 1_000))));
        Assert.Null(PeerCredentialsLayout.Darwin.TryDecode(Words(DarwinBytes, (0, 1), (4, 1_000))));
        Assert.Null(PeerCredentialsLayout.Linux.TryDecode(Words(12, (4, uint.MaxValue), (8, uint.MaxValue))));
    }

    private static byte[] Words(int length, params (int Offset, long Value)[] words)
    {
        var bytes = new byte[length];
        foreach (var (offset, value) in words)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), (uint)value);
        }

        return bytes;
    }
}
