namespace KqueueTransport;

/// <summary>
/// What the kernel knows of a TCP connection, at one moment. Null is what the system does not tell.
/// </summary>
public readonly record struct TcpInfo
{
    /// <summary>
    /// Gets the round trip time, smoothed. In microseconds on Linux and FreeBSD, in milliseconds on macOS.
    /// </summary>
    public TimeSpan RoundTripTime { get; init; }

    /// <summary>Gets the mean deviation of the round trip time.</summary>
    public TimeSpan RoundTripTimeVariance { get; init; }

    /// <summary>Gets the shortest round trip time of the last minutes. Linux only.</summary>
    public TimeSpan? MinRoundTripTime { get; init; }

    /// <summary>Gets the time after which what is not acknowledged is sent again.</summary>
    public TimeSpan RetransmissionTimeout { get; init; }

    /// <summary>Gets the bytes of the largest segment that is sent.</summary>
    public long MaxSegmentSize { get; init; }

    /// <summary>Gets the bytes that may be on their way unacknowledged, by the congestion control.</summary>
    public long CongestionWindow { get; init; }

    /// <summary>Gets the segments that were sent again, since the connection was made.</summary>
    public long Retransmits { get; init; }

    /// <summary>
    /// Gets the rate at which the peer has acknowledged bytes of late, in bytes per second; null until there is one.
    /// Linux only.
    /// </summary>
    public long? DeliveryRate { get; init; }

    /// <summary>
    /// Gets the bytes that were given to the kernel and that the peer has not acknowledged, sent or not. Linux, to
    /// within the byte that a SYN or a FIN counts for, and macOS.
    /// </summary>
    public long? UnacknowledgedBytes { get; init; }

    /// <summary>Gets those of <see cref="UnacknowledgedBytes"/> that were never sent. Linux only.</summary>
    public long? UnsentBytes { get; init; }
}
