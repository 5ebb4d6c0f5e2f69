using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// How one system tells what it knows of a TCP connection: the option of level IPPROTO_TCP and its struct.
/// </summary>
/// <param name="option">The option's number.</param>
/// <param name="lengthMin">The bytes that the struct has at least. Newer kernels append to it.</param>
/// <param name="decode">Takes it apart.</param>
internal sealed class TcpInfoLayout(int option, int lengthMin, Func<TcpInfoLayout.Fields, TcpInfo> decode)
{
    /// <summary>Room for all that is read of any struct.</summary>
    public const int Capacity = 256;

    /// <summary>
    /// struct tcp_info of Linux (include/uapi/linux/tcp.h): up to tcpi_total_retrans since 2.6, tcpi_notsent_bytes and
    /// tcpi_min_rtt since 4.6, tcpi_delivery_rate since 4.9, tcpi_bytes_sent and tcpi_bytes_retrans since 4.19. Times
    /// in microseconds, the window in segments.
    /// </summary>
    public static TcpInfoLayout Linux { get; } = new(option: 11, lengthMin: 104, static fields =>
    {
        var unsent = fields.UInt32(144);
        return new TcpInfo
        {
            RetransmissionTimeout = Microseconds(fields.UInt32(8)),
            MaxSegmentSize = fields.UInt32(16) ?? 0,
            RoundTripTime = Microseconds(fields.UInt32(68)),
            RoundTripTimeVariance = Microseconds(fields.UInt32(72)),
            CongestionWindow = (long)fields.UInt32(80)!.Value * fields.UInt32(16)!.Value,
            Retransmits = fields.UInt32(100) ?? 0,
            MinRoundTripTime = fields.UInt32(148) is uint.MaxValue or null ? null : Microseconds(fields.UInt32(148)),
            DeliveryRate = fields.UInt64(160) is > 0 and var rate ? rate : null,
            UnsentBytes = unsent,

            // What was sent once and not acknowledged, which is -1 where the SYN was the last that was, and the unsent.
            UnacknowledgedBytes = fields.UInt64(200) - fields.UInt64(208) - fields.UInt64(120) is { } sent
                ? Math.Max(sent, 0) + unsent
                : null,
        };
    });

    /// <summary>
    /// struct tcp_info of FreeBSD (sys/netinet/tcp.h): its first 100 bytes are laid out as Linux's, but most of what
    /// the names __tcpi_* stand for is zero. Times in microseconds, the window in bytes (tcp_usrreq.c, tcp_fill_info).
    /// </summary>
    public static TcpInfoLayout FreeBsd { get; } = new(option: 32, lengthMin: 132, static fields => new TcpInfo
    {
        RetransmissionTimeout = Microseconds(fields.UInt32(8)),
        MaxSegmentSize = fields.UInt32(16) ?? 0,
        RoundTripTime = Microseconds(fields.UInt32(68)),
        RoundTripTimeVariance = Microseconds(fields.UInt32(72)),
        CongestionWindow = fields.UInt32(80) ?? 0,
        Retransmits = fields.UInt32(120) ?? 0,
    });

    /// <summary>
    /// struct tcp_connection_info of macOS (bsd/netinet/tcp.h): times in milliseconds, the window in bytes;
    /// tcpi_snd_sbbytes is what the send buffer holds, in flight or not.
    /// </summary>
    public static TcpInfoLayout Darwin { get; } = new(option: 0x106, lengthMin: 112, static fields => new TcpInfo
    {
        RetransmissionTimeout = Milliseconds(fields.UInt32(12)),
        MaxSegmentSize = fields.UInt32(16) ?? 0,
        CongestionWindow = fields.UInt32(24) ?? 0,
        UnacknowledgedBytes = fields.UInt32(32),
        RoundTripTime = Milliseconds(fields.UInt32(44)),
        RoundTripTimeVariance = Milliseconds(fields.UInt32(48)),
        Retransmits = fields.UInt64(104) ?? 0,
    });

    /// <summary>The option's number: TCP_INFO, or TCP_CONNECTION_INFO.</summary>
    public int Option => option;

    /// <summary>Takes apart what the kernel wrote; false when it is less than any kernel writes.</summary>
    public bool TryDecode(ReadOnlySpan<byte> written, out TcpInfo info)
    {
        var isWhole = written.Length >= lengthMin;
        info = isWhole ? decode(new Fields(written)) : default;
        return isWhole;
    }

    private static TimeSpan Microseconds(uint? value) => TimeSpan.FromMicroseconds(value ?? 0);

    private static TimeSpan Milliseconds(uint? value) => TimeSpan.FromMilliseconds(value ?? 0);

    /// <summary>What the kernel wrote, by offset; null is beyond its end.</summary>
    internal readonly ref struct Fields(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public uint? UInt32(int offset) =>
            offset + sizeof(uint) <= _bytes.Length ? MemoryMarshal.Read<uint>(_bytes[offset..]) : null;

        public long? UInt64(int offset) =>
            offset + sizeof(ulong) <= _bytes.Length ? MemoryMarshal.Read<long>(_bytes[offset..]) : null;
    }
}
