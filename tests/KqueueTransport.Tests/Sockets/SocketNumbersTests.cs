using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>Constants and layouts against what each system's headers say.</summary>
public sealed class SocketNumbersTests
{
    private static readonly Dictionary<string, SocketNumbers> s_numbers = new()
    {
        ["linux-amd64"] = SocketNumbers.Linux,
        ["linux-arm64"] = SocketNumbers.Linux,
        ["darwin-amd64"] = SocketNumbers.Darwin,
        ["darwin-arm64"] = SocketNumbers.Darwin,
        ["freebsd-amd64"] = SocketNumbers.FreeBsd,
        ["freebsd-arm64"] = SocketNumbers.FreeBsd,
        ["netbsd-amd64"] = SocketNumbers.NetBsd,
    };

    public static TheoryData<string> Systems => [.. s_numbers.Keys];

    [Theory]
    [MemberData(nameof(Systems))]
    public void Constants_OfEachSystem_AreItsHeaders(string system)
    {
        var abi = SocketAbi.Systems[system];
        var numbers = s_numbers[system];

        Assert.Equal(SocketNumbers.AF_INET, abi["AF_INET"]);
        Assert.Equal(abi["AF_INET6"], numbers.AF_INET6);
        Assert.Equal(abi["sockaddr_in.sin_family.offset"] == 1, numbers.HasAddressLength);
        Assert.Equal(SocketNumbers.IPPROTO_IPV6, abi["IPPROTO_IPV6"]);
        Assert.Equal(abi["IPV6_V6ONLY"], numbers.IPV6_V6ONLY);
        Assert.Equal(abi["SO_REUSEADDR"], numbers.SO_REUSEADDR);
        Assert.Equal(SocketNumbers.SOCK_STREAM, abi["SOCK_STREAM"]);
        Assert.Equal(abi.OrZero("SOCK_NONBLOCK"), numbers.SOCK_NONBLOCK);
        Assert.Equal(abi["SOL_SOCKET"], numbers.SOL_SOCKET);
        Assert.Equal(abi["SO_LINGER"], numbers.SO_LINGER);
        Assert.Equal(abi["SO_ERROR"], numbers.SO_ERROR);
        Assert.Equal(abi.OrZero("SOCK_CLOEXEC"), numbers.SOCK_CLOEXEC);
        Assert.Equal(SocketNumbers.IPPROTO_TCP, abi["IPPROTO_TCP"]);
        Assert.Equal(SocketNumbers.TCP_NODELAY, abi["TCP_NODELAY"]);
        Assert.Equal((long)SocketShutdown.Receive, abi["SHUT_RD"]);
        Assert.Equal((long)SocketShutdown.Send, abi["SHUT_WR"]);
        Assert.Equal((long)SocketShutdown.Both, abi["SHUT_RDWR"]);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Constants_OfOptions_AreItsHeadersAndZeroWhereItHasNone(string system)
    {
        var abi = SocketAbi.Systems[system];
        var numbers = s_numbers[system];

        Assert.Equal(abi["SO_KEEPALIVE"], numbers.SO_KEEPALIVE);
        Assert.Equal(abi["SO_RCVBUF"], numbers.SO_RCVBUF);
        Assert.Equal(abi["SO_SNDBUF"], numbers.SO_SNDBUF);
        Assert.Equal(abi["SO_RCVLOWAT"], numbers.SO_RCVLOWAT);
        Assert.Equal(abi.OrZero("TCP_KEEPIDLE") | abi.OrZero("TCP_KEEPALIVE"), numbers.TCP_KEEPIDLE);
        Assert.Equal(abi["TCP_KEEPINTVL"], numbers.TCP_KEEPINTVL);
        Assert.Equal(abi["TCP_KEEPCNT"], numbers.TCP_KEEPCNT);
        Assert.Equal(abi.OrZero("TCP_NOTSENT_LOWAT"), numbers.TCP_NOTSENT_LOWAT);
        Assert.Equal(abi.OrZero("TCP_USER_TIMEOUT"), numbers.TCP_USER_TIMEOUT);
        Assert.Equal(abi.OrZero("TCP_FASTOPEN"), numbers.TCP_FASTOPEN);
        Assert.Equal(abi.OrZero("TCP_DEFER_ACCEPT"), numbers.TCP_DEFER_ACCEPT);
        Assert.Equal(abi.OrZero("SO_ACCEPTFILTER"), numbers.SO_ACCEPTFILTER);
        Assert.Equal(SocketNumbers.IPPROTO_IP, abi["IPPROTO_IP"]);
        Assert.Equal(abi["IP_TOS"], numbers.IP_TOS);
        Assert.Equal(abi["IPV6_TCLASS"], numbers.IPV6_TCLASS);
        Assert.Equal(abi.OrZero("SO_MARK"), numbers.SO_MARK);
        Assert.Equal(abi.OrZero("SO_BINDTODEVICE"), numbers.SO_BINDTODEVICE);
        Assert.Equal(abi.OrZero("TCP_CONGESTION"), numbers.TCP_CONGESTION);
        Assert.Equal(abi.OrZero("IPPROTO_MPTCP"), numbers.IPPROTO_MPTCP);
        Assert.Equal(abi.OrZero("AF_VSOCK"), numbers.AF_VSOCK);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Constants_ThatKeepSigpipeAway_AreOneOfTheTwo(string system)
    {
        var abi = SocketAbi.Systems[system];
        var numbers = s_numbers[system];

        Assert.True(numbers.MSG_NOSIGNAL == 0 != (numbers.SO_NOSIGPIPE == 0));
        Assert.Contains(numbers.MSG_NOSIGNAL, (long[])[0, abi["MSG_NOSIGNAL"]]);
        Assert.Contains(numbers.SO_NOSIGPIPE, (long[])[0, abi.OrZero("SO_NOSIGPIPE")]);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Constants_ForAcceptWithoutFlags_AreThereWhereItIsNeeded(string system)
    {
        var numbers = s_numbers[system];

        Assert.Equal(numbers.SOCK_CLOEXEC != 0, numbers.HasAccept4);
        Assert.Equal(numbers.HasAccept4 ? 0 : SocketAbi.Systems[system]["FIOCLEX"], (long)numbers.FIOCLEX);
    }

    [Fact]
    public void BalancingReusePort_IsTheOptionThatBalances()
    {
        Assert.Equal(SocketAbi.Systems["linux-amd64"]["SO_REUSEPORT"], SocketNumbers.Linux.BalancingReusePort);
        Assert.Equal(SocketAbi.Systems["freebsd-amd64"]["SO_REUSEPORT_LB"], SocketNumbers.FreeBsd.BalancingReusePort);
        Assert.Equal(0, SocketNumbers.Darwin.BalancingReusePort);
        Assert.Equal(0, SocketNumbers.NetBsd.BalancingReusePort);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Layouts_OfUsedFields_AreTheSameEverywhere(string system)
    {
        var abi = SocketAbi.Systems[system];

        Assert.Equal(IoVector.CountMax, abi["IOV_MAX"]);
        Assert.Equal(abi["iovec.size"], Unsafe.SizeOf<IoVector>());
        Assert.Equal(abi["iovec.iov_base.offset"], Marshal.OffsetOf<IoVector>("_base"));
        Assert.Equal(abi["iovec.iov_len.offset"], Marshal.OffsetOf<IoVector>("_length"));
        Assert.InRange(abi["msghdr.size"], 0, Unsafe.SizeOf<MessageHeader>());
        Assert.Equal(abi["msghdr.msg_iov.offset"], Marshal.OffsetOf<MessageHeader>("msg_iov"));
        Assert.Equal(abi["msghdr.msg_iovlen.offset"], Marshal.OffsetOf<MessageHeader>("msg_iovlen"));
        Assert.Equal(2 * sizeof(int), abi["linger.size"]);
        Assert.Equal(0, abi["linger.l_onoff.offset"]);
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Layout_MessageHeaderWithBuffers_LeavesEveryOtherFieldZero(string system)
    {
        var abi = SocketAbi.Systems[system];
        var header = new MessageHeader { msg_iovlen = 3 };
        var bytes = MemoryMarshal.AsBytes(new Span<MessageHeader>(ref header));

        Assert.Equal(3, ReadInteger("msg_iovlen", bytes));
        Assert.All(
            (string[])["msg_name", "msg_namelen", "msg_control", "msg_controllen", "msg_flags"],
            field => Assert.Equal(0, ReadInteger(field, MemoryMarshal.AsBytes(new Span<MessageHeader>(ref header)))));

        long ReadInteger(string field, Span<byte> from)
        {
            var at = from[(int)abi[$"msghdr.{field}.offset"]..];
            return abi[$"msghdr.{field}.size"] == 8 ? MemoryMarshal.Read<long>(at) : MemoryMarshal.Read<int>(at);
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public void Errors_ThatSocketCallsReturn_AreTranslatedByName(string system)
    {
        var errnos = s_numbers[system].Errnos;
        var errors = SocketAbi.Systems[system].Errors.Where(error => Enum.IsDefined(typeof(Errno), error.Key));

        Assert.All(errors, error => Assert.Equal(Enum.Parse<Errno>(error.Key), errnos.ToErrno(error.Value)));
        Assert.Equal(Errno.EAGAIN, errnos.ToErrno(SocketAbi.Systems[system]["EWOULDBLOCK"]));
    }
}
