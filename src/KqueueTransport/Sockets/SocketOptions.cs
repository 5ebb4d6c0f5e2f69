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
}
