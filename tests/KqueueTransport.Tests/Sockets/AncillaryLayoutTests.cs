using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>How descriptors lie in a message's control data, byte by byte, on each system.</summary>
public sealed class AncillaryLayoutTests
{
    private static readonly Dictionary<string, AncillaryLayout> s_layouts = new()
    {
        ["linux-amd64"] = AncillaryLayout.Linux,
        ["linux-arm64"] = AncillaryLayout.Linux,
        ["darwin-amd64"] = AncillaryLayout.Darwin,
        ["darwin-arm64"] = AncillaryLayout.Darwin,
        ["freebsd-amd64"] = AncillaryLayout.FreeBsd,
        ["freebsd-arm64"] = AncillaryLayout.FreeBsd,
        ["netbsd-amd64"] = AncillaryLayout.NetBsd,
    };

    public static TheoryData<string> Systems => [.. s_layouts.Keys];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Constants_OfEachSystem_AreItsHeaders(string system)
    {
        var abi = SocketAbi.Systems[system];
        var layout = s_layouts[system];

        Assert.Equal(abi["SOL_SOCKET"], layout.SOL_SOCKET);
        Assert.Equal(1, abi["SCM_RIGHTS"]);
        Assert.Equal(abi["MSG_CTRUNC"], layout.MSG_CTRUNC);
        Assert.Equal(abi.OrZero("MSG_CMSG_CLOEXEC"), layout.MSG_CMSG_CLOEXEC);
        Assert.Equal(abi["msghdr.msg_flags.offset"], layout.FlagsOffset);
        Assert.Equal(32, abi["msghdr.msg_control.offset"]);
        Assert.Equal(40, abi["msghdr.msg_controllen.offset"]);
        Assert.Equal(abi["msghdr.msg_controllen.size"], layout.LengthBytes);
        Assert.Equal(0, abi["cmsghdr.cmsg_len.offset"]);
        Assert.Equal(abi["cmsghdr.cmsg_len.size"], layout.LengthBytes);
        Assert.Equal(abi["cmsghdr.cmsg_level.offset"], layout.LengthBytes);
        Assert.Equal(abi["cmsghdr.cmsg_type.offset"], layout.LengthBytes + 4);
        Assert.Equal(abi["cmsghdr.size"], layout.LengthBytes + 8);
    }

    // Linux: 8 bytes of length, all aligned to 8. macOS: 4, aligned to 4 (__DARWIN_ALIGN32). FreeBSD and NetBSD: 4,
    // aligned to 8 (_ALIGN), so that there are 4 bytes of nothing before the descriptors.
    [Theory]
    [InlineData("linux-amd64", "1C00000000000000 01000000 01000000 07000000 09000000 0B000000 00000000")]
    [InlineData("darwin-arm64", "18000000 FFFF0000 01000000 07000000 09000000 0B000000")]
    [InlineData("freebsd-amd64", "1C000000 FFFF0000 01000000 00000000 07000000 09000000 0B000000 00000000")]
    [InlineData("netbsd-amd64", "1C000000 FFFF0000 01000000 00000000 07000000 09000000 0B000000 00000000")]
    public void Encode_ThreeDescriptors_IsWhatTheSystemReads(string system, string expected)
    {
        var layout = s_layouts[system];
        var control = layout.Encode([7, 9, 11]);

        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(control));
        Assert.Equal(control.Length, layout.SpaceFor(3));
        Assert.Equal([7, 9, 11], layout.Decode(control));
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_OtherMessagesAround_FindsEveryDescriptor(string system)
    {
        var layout = s_layouts[system];
        var credentials = layout.Encode([1]);
        credentials[layout.LengthBytes + 4] = 2; // SCM_CREDENTIALS, or something else that is not SCM_RIGHTS.

        Assert.Equal([7, 9], layout.Decode([.. credentials, .. layout.Encode([7]), .. layout.Encode([9])]));
    }

    // What the kernel cuts off: the length is that of what is there (Linux net/core/scm.c, scm_detach_fds).
    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_AnyBytes_EndsAndFindsNoMoreThanIsThere(string system)
    {
        var layout = s_layouts[system];
        var control = layout.Encode([7, 9, 11]);
        for (var length = 0; length < control.Length; length++)
        {
            Assert.InRange(layout.Decode(control.AsSpan(0, length)).Count, 0, 3);
        }

        var random = new Random(5);
        for (var i = 0; i < 10_000; i++)
        {
            var bytes = layout.Encode([7, 9, 11]);
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.InRange(layout.Decode(bytes).Count, 0, bytes.Length / sizeof(int));
        }
    }
}
