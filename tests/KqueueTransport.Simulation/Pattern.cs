namespace KqueueTransport.Simulation;

/// <summary>The byte at each position of each connection's stream, the same in both directions.</summary>
internal static class Pattern
{
    public static void Fill(Span<byte> bytes, int id, long position)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = At(id, position + i);
        }
    }

    /// <summary>The position of the first byte that is not what it should be.</summary>
    public static long? FirstDifference(ReadOnlySpan<byte> bytes, int id, long position)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(id, position + i))
            {
                return position + i;
            }
        }

        return null;
    }

    // No two positions near each other, and no two connections, have the same run of bytes.
    private static byte At(int id, long position) => (byte)((position * 31) + (position >> 8) + (id * 59));
}
