using System.Buffers.Binary;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// What each system writes of a TCP connection, byte by byte, at the offsets of its headers
/// (<see cref="SocketAbi"/>).
/// </summary>
public sealed class TcpInfoLayoutTests
{
    private static readonly Dictionary<string, TcpInfoLayout> s_layouts = new()
    {
        ["linux-amd64"] = TcpInfoLayout.Linux,
        ["linux-arm64"] = TcpInfoLayout.Linux,
        ["darwin-amd64"] = TcpInfoLayout.Darwin,
        ["darwin-arm64"] = TcpInfoLayout.Darwin,
        ["freebsd-amd64"] = TcpInfoLayout.FreeBsd,
        ["freebsd-arm64"] = TcpInfoLayout.FreeBsd,
    };

    public static TheoryData<string> Systems => [.. s_layouts.Keys];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Option_OfEachSystem_IsItsHeaders(string system)
    {
        var abi = SocketAbi.Systems[system];

        Assert.Equal(abi.OrZero("TCP_INFO") + abi.OrZero("TCP_CONNECTION_INFO"), s_layouts[system].Option);
        Assert.InRange(
            abi.OrZero("tcp_info.size") + abi.OrZero("tcp_connection_info.size"), 1, TcpInfoLayout.Capacity);
    }

    [Theory]
    [InlineData("linux-amd64")]
    [InlineData("linux-arm64")]
    public void Decode_Linux_TakesEveryField(string system)
    {
        var written = Linux(system);

        Assert.True(TcpInfoLayout.Linux.TryDecode(written, out var info));

        Assert.Equal(
            new TcpInfo
            {
                RoundTripTime = TimeSpan.FromMicroseconds(1_500),
                RoundTripTimeVariance = TimeSpan.FromMicroseconds(750),
                MinRoundTripTime = TimeSpan.FromMicroseconds(900),
                RetransmissionTimeout = TimeSpan.FromMicroseconds(204_000),
                MaxSegmentSize = 1_448,
                CongestionWindow = 10 * 1_448,
                Retransmits = 7,
                DeliveryRate = 5_000_000_000,
                UnsentBytes = 300,
                UnacknowledgedBytes = 9_000_000_000 - 2_000 - 8_999_990_000 + 300,
            },
            info);
    }

    [Theory]
    [InlineData("freebsd-amd64")]
    [InlineData("freebsd-arm64")]
    public void Decode_FreeBsd_TakesEveryField(string system)
    {
        var written = Write(
            system, "tcp_info", ("tcpi_rto", 230_000), ("tcpi_snd_mss", 1_460), ("tcpi_rtt", 1_500),
            ("tcpi_rttvar", 750), ("tcpi_snd_cwnd", 14_600), ("tcpi_snd_rexmitpack", 7));

        Assert.True(TcpInfoLayout.FreeBsd.TryDecode(written, out var info));

        Assert.Equal(
            new TcpInfo
            {
                RoundTripTime = TimeSpan.FromMicroseconds(1_500),
                RoundTripTimeVariance = TimeSpan.FromMicroseconds(750),
                RetransmissionTimeout = TimeSpan.FromMicroseconds(230_000),
                MaxSegmentSize = 1_460,
                CongestionWindow = 14_600,
                Retransmits = 7,
            },
            info);
    }

    [Theory]
    [InlineData("darwin-amd64")]
    [InlineData("darwin-arm64")]
    public void Decode_Darwin_TakesEveryField(string system)
    {
        var written = Write(
            system, "tcp_connection_info", ("tcpi_rto", 230), ("tcpi_maxseg", 1_460), ("tcpi_snd_cwnd", 14_600),
            ("tcpi_snd_sbbytes", 4_000), ("tcpi_srtt", 15), ("tcpi_rttvar", 7),
            ("tcpi_txretransmitpackets", 5_000_000_000));

        Assert.True(TcpInfoLayout.Darwin.TryDecode(written, out var info));

        Assert.Equal(
            new TcpInfo
            {
                RoundTripTime = TimeSpan.FromMilliseconds(15),
                RoundTripTimeVariance = TimeSpan.FromMilliseconds(7),
                RetransmissionTimeout = TimeSpan.FromMilliseconds(230),
                MaxSegmentSize = 1_460,
                CongestionWindow = 14_600,
                UnacknowledgedBytes = 4_000,
                Retransmits = 5_000_000_000,
            },
            info);
    }

    // An older kernel writes less: what lies beyond is not known, and never read from what another call has left.
    [Theory]
    [InlineData(104, false, false, false)]
    [InlineData(160, true, false, false)]
    [InlineData(200, true, true, false)]
    [InlineData(232, true, true, true)]
    public void Decode_ShorterStructOfAnOlderLinux_LeavesTheRestUnknown(
        int length, bool hasUnsent, bool hasRate, bool hasUnacknowledged)
    {
        Assert.True(TcpInfoLayout.Linux.TryDecode(Linux("linux-amd64").AsSpan(0, length), out var info));

        Assert.Equal(TimeSpan.FromMicroseconds(1_500), info.RoundTripTime);
        Assert.Equal(7, info.Retransmits);
        Assert.Equal(hasUnsent, info.UnsentBytes is not null);
        Assert.Equal(hasUnsent, info.MinRoundTripTime is not null);
        Assert.Equal(hasRate, info.DeliveryRate is not null);
        Assert.Equal(hasUnacknowledged, info.UnacknowledgedBytes is not null);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Decode_LessThanAnyKernelWrites_IsFalse(string system)
    {
        for (var length = 0; length < 104; length++)
        {
            Assert.False(s_layouts[system].TryDecode(new byte[length], out var info));
            Assert.Equal(default, info);
        }
    }

    [Fact]
    public void Decode_LinuxBeforeAnySample_HasNoRateAndNoShortestTime()
    {
        var written = Write("linux-amd64", "tcp_info", ("tcpi_min_rtt", uint.MaxValue), ("tcpi_delivery_rate", 0));

        Assert.True(TcpInfoLayout.Linux.TryDecode(written, out var info));

        Assert.Null(info.MinRoundTripTime);
        Assert.Null(info.DeliveryRate);
    }

    // Linux counts the SYN of a connection that was connected among the acknowledged bytes, but not among the sent.
    [Fact]
    public void Decode_LinuxEverythingAcknowledgedWithTheSyn_NothingIsUnacknowledged()
    {
        var written = Write("linux-amd64", "tcp_info", ("tcpi_bytes_sent", 100), ("tcpi_bytes_acked", 101));

        Assert.True(TcpInfoLayout.Linux.TryDecode(written, out var info));

        Assert.Equal(0, info.UnacknowledgedBytes);
    }

    private static byte[] Linux(string system) => Write(
        system, "tcp_info", ("tcpi_rto", 204_000), ("tcpi_snd_mss", 1_448), ("tcpi_rtt", 1_500), ("tcpi_rttvar", 750),
        ("tcpi_snd_cwnd", 10), ("tcpi_total_retrans", 7), ("tcpi_notsent_bytes", 300), ("tcpi_min_rtt", 900),
        ("tcpi_delivery_rate", 5_000_000_000), ("tcpi_bytes_sent", 9_000_000_000),
        ("tcpi_bytes_acked", 8_999_990_000), ("tcpi_bytes_retrans", 2_000));

    private static byte[] Write(string system, string type, params ReadOnlySpan<(string Name, long Value)> fields)
    {
        var abi = SocketAbi.Systems[system];
        var bytes = new byte[abi[$"{type}.size"]];
        foreach (var (name, value) in fields)
        {
            var at = bytes.AsSpan((int)abi[$"{type}.{name}.offset"]);
            if (abi[$"{type}.{name}.size"] == sizeof(long))
            {
                BinaryPrimitives.WriteInt64LittleEndian(at, value);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(at, checked((uint)value));
            }
        }

        return bytes;
    }
}
