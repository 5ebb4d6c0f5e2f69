using System.Buffers.Binary;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// What each system writes of the peer of a Unix socket, byte by byte, at the offsets of its headers
/// (<see cref="SocketAbi"/>).
/// </summary>
public sealed class PeerCredentialsLayoutTests
{
    private static readonly Dictionary<string, PeerCredentialsLayout> s_layouts = new()
    {
        ["linux-amd64"] = PeerCredentialsLayout.Linux,
        ["linux-arm64"] = PeerCredentialsLayout.Linux,
        ["darwin-amd64"] = PeerCredentialsLayout.Darwin,
        ["darwin-arm64"] = PeerCredentialsLayout.Darwin,
        ["freebsd-amd64"] = PeerCredentialsLayout.FreeBsd,
        ["freebsd-arm64"] = PeerCredentialsLayout.FreeBsd,
    };

    public static TheoryData<string> Systems => [.. s_layouts.Keys];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Options_OfEachSystem_AreItsHeaders(string system)
    {
        var abi = SocketAbi.Systems[system];
        var layout = s_layouts[system];
        var isLinux = abi.OrZero("SO_PEERCRED") != 0;

        Assert.Equal(abi[isLinux ? "SOL_SOCKET" : "SOL_LOCAL"], layout.Level);
        Assert.Equal(abi[isLinux ? "SO_PEERCRED" : "LOCAL_PEERCRED"], layout.Option);
        Assert.Equal(abi.OrZero("LOCAL_PEERPID"), layout.ProcessOption);
        Assert.InRange(Size(system), 1, PeerCredentialsLayout.Capacity);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_WhatTheKernelWrites_TakesEveryField(string system)
    {
        var written = Write(system, user: 4_000_000_000, group: 20, process: 4_711);

        Assert.Equal(
            new UnixPeerCredentials(s_layouts[system].ProcessOption != 0 ? null : 4_711, 4_000_000_000, 20),
            s_layouts[system].TryDecode(written));
    }

    // FreeBSD before 13, and a process of another pid namespace.
    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_ProcessIsOutOfSight_HasNoProcess(string system) => Assert.Equal(
        new UnixPeerCredentials(null, 1_000, 1_000),
        s_layouts[system].TryDecode(Write(system, user: 1_000, group: 1_000, process: 0)));

    // The user 0 is root: what is not whole must not be taken for zeros.
    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_Short_IsNone(string system)
    {
        for (var length = 0; length < Size(system); length++)
        {
            Assert.Null(s_layouts[system].TryDecode(new byte[length]));
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_OfAnotherVersionOrNoUnixSocket_IsNone(string system)
    {
        var abi = SocketAbi.Systems[system];
        var written = Write(system, user: uint.MaxValue, group: uint.MaxValue, process: 0);
        if (abi.OrZero("xucred.size") != 0)
        {
            Put(written, abi, "xucred.cr_version", abi["XUCRED_VERSION"] + 1);
        }

        Assert.Null(s_layouts[system].TryDecode(written));
    }

    private static int Size(string system) =>
        (int)(SocketAbi.Systems[system].OrZero("ucred.size") + SocketAbi.Systems[system].OrZero("xucred.size"));

    private static byte[] Write(string system, uint user, uint group, int process)
    {
        var abi = SocketAbi.Systems[system];
        var bytes = new byte[Size(system)];
        var isLinux = abi.OrZero("ucred.size") != 0;
        Put(bytes, abi, isLinux ? "ucred.uid" : "xucred.cr_uid", user);
        Put(bytes, abi, isLinux ? "ucred.gid" : "xucred.cr_groups", group);
        if (isLinux || abi.OrZero("xucred.cr_pid.offset") != 0)
        {
            Put(bytes, abi, isLinux ? "ucred.pid" : "xucred.cr_pid", process);
        }

        return bytes;
    }

    private static void Put(byte[] bytes, SocketAbi abi, string field, long value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)abi[$"{field}.offset"]), (uint)value);
}
