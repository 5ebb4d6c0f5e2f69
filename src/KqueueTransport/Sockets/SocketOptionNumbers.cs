using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>One option of <see cref="SocketOptions"/> as setsockopt(2) takes it: all of them are a C int.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="ValueIn">Its value, or null where it is not to be set.</param>
/// <param name="NumberIn">Its number, or zero where the system does not have it.</param>
/// <param name="IsTcp">Whether its level is TCP; otherwise it is the socket.</param>
internal sealed record SocketOptionNumbers(
    string Name, Func<SocketOptions, int?> ValueIn, Func<SocketNumbers, int> NumberIn, bool IsTcp)
{
    /// <summary>All of them. SO_KEEPALIVE goes before what refines it.</summary>
    public static SocketOptionNumbers[] All { get; } =
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
    ];

    public int LevelIn(SocketNumbers numbers) => IsTcp ? SocketNumbers.IPPROTO_TCP : numbers.SOL_SOCKET;

    private static SocketOptionNumbers OfTcp(
        string name, Func<SocketOptions, int?> value, Func<SocketNumbers, int> number) =>
        new(name, value, number, IsTcp: true);

    private static SocketOptionNumbers OfSocket(
        string name, Func<SocketOptions, int?> value, Func<SocketNumbers, int> number) =>
        new(name, value, number, IsTcp: false);

    // Off is the systems' default.
    private static int? Flag(bool isOn) => isOn ? 1 : null;
}
