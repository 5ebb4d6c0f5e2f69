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
}
