namespace FileSwarm;

/// <summary>The bounds that both sides rely on.</summary>
internal static class SwarmLimits
{
    public const int ClientsMax = 1000;

    public const int ChunkBytesMax = 1024 * 1024;

    // 65,507 bytes fit into a UDP datagram over IPv4.
    public const int DatagramChunkBytesMax = 65_000;
}
