using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>One option of <see cref="SocketOptions"/> as setsockopt(2) takes it.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="ValueIn">Its value, or null where it is not to be set.</param>
/// <param name="NumberIn">Its number, or zero where the system does not have it.</param>
/// <param name="LevelIn">Its level.</param>
internal sealed record SocketOptionNumbers(
    string Name,
    Func<SocketOptions, SocketOptionValue?> ValueIn,
    Func<SocketNumbers, int> NumberIn,
    Func<SocketNumbers, int> LevelIn)
{
    // SO_KEEPALIVE goes before what refines it.
    private static readonly SocketOptionNumbers[] s_ofAll =
    [
        OfTcp(nameof(SocketOptions.NoDelay), options => Flag(options.NoDelay), _ => SocketNumbers.TCP_NODELAY),
        OfSocket(nameof(SocketOptions.KeepAlive), options => Flag(options.KeepAlive), numbers => numbers.SO_KEEPALIVE),
        OfTcp("KeepAliveTime", options => options.KeepAliveTimeSeconds, numbers => numbers.TCP_KEEPIDLE),
        OfTcp("KeepAliveInterval", options => options.KeepAliveIntervalSeconds, numbers => numbers.TCP_KEEPINTVL),
        OfTcp("KeepAliveProbes", options => options.KeepAliveProbes, numbers => numbers.TCP_KEEPCNT),
        OfSocket("ReceiveBufferSize", options => options.ReceiveBufferBytes, numbers => numbers.SO_RCVBUF),
        OfSocket("SendBufferSize", options => options.SendBufferBytes, numbers => numbers.SO_SNDBUF),
        OfSocket("ReceiveLowWater", options => options.ReceiveLowWaterBytes, numbers => numbers.SO_RCVLOWAT),
        OfTcp("NotSentLowWater", options => options.NotSentLowWaterBytes, numbers => numbers.TCP_NOTSENT_LOWAT),
        OfTcp("UserTimeout", options => options.UserTimeoutMs, numbers => numbers.TCP_USER_TIMEOUT),
        OfTcp("CongestionControl", options => options.CongestionControl, numbers => numbers.TCP_CONGESTION),
        OfSocket("Mark", options => (int?)options.Mark, numbers => numbers.SO_MARK),
        OfSocket("BoundDevice", options => options.BoundDevice, numbers => numbers.SO_BINDTODEVICE),
    ];

    private static readonly SocketOptionNumbers s_ofIPv4 = new(
        nameof(SocketOptions.TypeOfService),
        options => options.TypeOfService,
        numbers => numbers.IP_TOS,
        _ => SocketNumbers.IPPROTO_IP);

    private static readonly SocketOptionNumbers s_ofIPv6 = new(
        nameof(SocketOptions.TypeOfService),
        options => options.TypeOfService,
        numbers => numbers.IPV6_TCLASS,
        _ => SocketNumbers.IPPROTO_IPV6);

    private static readonly SocketOptionNumbers[] s_ofIPv4Sockets = [.. s_ofAll, s_ofIPv4];
    private static readonly SocketOptionNumbers[] s_ofIPv6Sockets = [.. s_ofAll, s_ofIPv6];
    private static readonly SocketOptionNumbers[] s_ofBoth = [.. s_ofAll, s_ofIPv4, s_ofIPv6];

    /// <summary>
    /// Those of a TCP socket. One of IPv6 may have IPv4 peers, for whom Linux goes by the options of IPv4; a BSD does
    /// not take these there.
    /// </summary>
    public static ReadOnlySpan<SocketOptionNumbers> Of(AddressFamily family, SocketNumbers numbers) =>
        family != AddressFamily.InterNetworkV6 ? s_ofIPv4Sockets
        : numbers.TakesIPv4OptionsOnIPv6 ? s_ofBoth
        : s_ofIPv6Sockets;

    private static SocketOptionNumbers OfTcp(
        string name, Func<SocketOptions, SocketOptionValue?> value, Func<SocketNumbers, int> number) =>
        new(name, value, number, _ => SocketNumbers.IPPROTO_TCP);

    private static SocketOptionNumbers OfSocket(
        string name, Func<SocketOptions, SocketOptionValue?> value, Func<SocketNumbers, int> number) =>
        new(name, value, number, numbers => numbers.SOL_SOCKET);

    // Off is the systems' default.
    private static SocketOptionValue? Flag(bool isOn) => isOn ? 1 : null;
}
