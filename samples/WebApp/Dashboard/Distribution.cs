namespace WebApp.Dashboard;

/// <summary>
/// Measurements from 1 on in buckets, each a twelfth wider than the one before. Any thread adds, and one takes.
/// </summary>
internal sealed class Distribution
{
    private const int BucketsPerOctave = 8;

    // Of microseconds up to twelve days, of bytes up to a terabyte; what is beyond lies in the last.
    private const int BucketCount = 40 * BucketsPerOctave;

    private readonly int[] _counts = new int[BucketCount];

    public void Add(double value)
    {
        var bucket = (int)(Math.Log2(Math.Max(value, 1)) * BucketsPerOctave);
        Interlocked.Increment(ref _counts[Math.Min(bucket, BucketCount - 1)]);
    }

    /// <summary>What was added since the last call.</summary>
    public Taken Take()
    {
        var counts = new int[BucketCount];
        for (var i = 0; i < BucketCount; i++)
        {
            counts[i] = Interlocked.Exchange(ref _counts[i], 0);
        }

        return new Taken(counts);
    }

    /// <summary>The measurements of one interval.</summary>
    public sealed class Taken(int[] counts)
    {
        public long Count { get; } = counts.Sum(count => (long)count);

        /// <summary>The middle of the bucket that the percentile lies in; null where there is nothing.</summary>
        public double? Percentile(double percentile)
        {
            var left = Math.Ceiling(Count * percentile / 100);
            for (var i = 0; Count > 0 && i < counts.Length; i++)
            {
                left -= counts[i];
                if (left <= 0)
                {
                    return Math.Pow(2, (i + 0.5) / BucketsPerOctave);
                }
            }

            return null;
        }
    }
}
