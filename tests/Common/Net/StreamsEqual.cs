namespace Common.Net;

/// <summary>Compares two streams to their ends.</summary>
internal static class StreamsEqual
{
    public static async Task<bool> CompareAsync(Stream expected, Stream actual, CancellationToken cancellationToken)
    {
        var (left, right) = (new byte[16 * 1024], new byte[16 * 1024]);
        while (true)
        {
            var count = await expected.ReadAtLeastAsync(left, left.Length, false, cancellationToken);
            var other = await actual.ReadAtLeastAsync(right, right.Length, false, cancellationToken);
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, other)))
            {
                return false;
            }

            if (count == 0)
            {
                return true;
            }
        }
    }
}
