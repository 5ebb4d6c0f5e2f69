using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>Options of a TCP connection's descriptor. Null leaves an option as the system has it.</summary>
/// <param name="NoDelay">TCP_NODELAY: small segments go out at once.</param>
internal sealed record SocketOptions(bool NoDelay)
{
    public bool KeepAlive { get; init; }

    public int? KeepAliveTimeSeconds { get; init; }

    public int? KeepAliveIntervalSeconds { get; init; }

    public int? KeepAliveProbes { get; init; }

    public int? ReceiveBufferBytes { get; init; }

    public int? SendBufferBytes { get; init; }

    public int? ReceiveLowWaterBytes { get; init; }

    public int? NotSentLowWaterBytes { get; init; }

    public int? UserTimeoutMs { get; init; }

    /// <summary>The name of a congestion control, as the kernel takes it.</summary>
    public byte[]? CongestionControl { get; init; }

    /// <summary>Of IP, in both versions.</summary>
    public int? TypeOfService { get; init; }

    public uint? Mark { get; init; }

    /// <summary>The name of a network interface, as the kernel takes it.</summary>
    public byte[]? BoundDevice { get; init; }

    /// <summary>Whether the socket is made for MPTCP: no option, and before all of them.</summary>
    public bool MultipathTcp { get; init; }

    /// <summary>Whether accepted sockets are known to have these options of their listen socket.</summary>
    public bool AreInherited(SocketNumbers numbers) =>
        numbers.InheritsTcpOptions && (TypeOfService is null || numbers.InheritsTypeOfService);

    /// <summary>What there is to set on a TCP socket, in order.</summary>
    /// <param name="family">Its version of IP.</param>
    /// <param name="numbers">The system's numbers.</param>
    public SocketOption[] For(AddressFamily family, SocketNumbers numbers)
    {
        List<SocketOption> set = [];
        var (socket, tcp) = (numbers.SOL_SOCKET, SocketNumbers.IPPROTO_TCP);

        // Off is the systems' default, and SO_KEEPALIVE goes before what refines it.
        Add(nameof(NoDelay), tcp, SocketNumbers.TCP_NODELAY, NoDelay ? 1 : null);
        Add(nameof(KeepAlive), socket, numbers.SO_KEEPALIVE, KeepAlive ? 1 : null);
        Add("KeepAliveTime", tcp, numbers.TCP_KEEPIDLE, KeepAliveTimeSeconds);
        Add("KeepAliveInterval", tcp, numbers.TCP_KEEPINTVL, KeepAliveIntervalSeconds);
        Add(nameof(KeepAliveProbes), tcp, numbers.TCP_KEEPCNT, KeepAliveProbes);
        Add("ReceiveBufferSize", socket, numbers.SO_RCVBUF, ReceiveBufferBytes);
        Add("SendBufferSize", socket, numbers.SO_SNDBUF, SendBufferBytes);
        Add("ReceiveLowWater", socket, numbers.SO_RCVLOWAT, ReceiveLowWaterBytes);
        Add("NotSentLowWater", tcp, numbers.TCP_NOTSENT_LOWAT, NotSentLowWaterBytes);
        Add("UserTimeout", tcp, numbers.TCP_USER_TIMEOUT, UserTimeoutMs);
        AddName(nameof(CongestionControl), tcp, numbers.TCP_CONGESTION, CongestionControl);
        Add(nameof(Mark), socket, numbers.SO_MARK, (int?)Mark);
        AddName(nameof(BoundDevice), socket, numbers.SO_BINDTODEVICE, BoundDevice);

        // One of IPv6 may have IPv4 peers, for whom Linux goes by the option of IPv4; a BSD does not take that there.
        var isIPv6 = family == AddressFamily.InterNetworkV6;
        if (!isIPv6 || numbers.TakesIPv4OptionsOnIPv6)
        {
            Add(nameof(TypeOfService), SocketNumbers.IPPROTO_IP, numbers.IP_TOS, TypeOfService);
        }

        if (isIPv6)
        {
            Add(nameof(TypeOfService), SocketNumbers.IPPROTO_IPV6, numbers.IPV6_TCLASS, TypeOfService);
        }

        return [.. set];

        void Add(string name, int level, int number, int? value) =>
            AddName(name, level, number, value is { } given ? BitConverter.GetBytes(given) : null);

        void AddName(string name, int level, int number, byte[]? value)
        {
            if (value is not null)
            {
                set.Add(new SocketOption(name, level, number, value));
            }
        }
    }
}
