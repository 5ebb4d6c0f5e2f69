namespace FileSwarm.Net;

/// <summary>Drops a share of the datagrams on purpose, the same ones in every run. Loop thread only.</summary>
internal sealed class DatagramLoss(double percent)
{
    private readonly Random _random = new(Seed: 1);

    /// <summary>How many were dropped.</summary>
    public long Dropped { get; private set; }

    public bool ShouldDrop()
    {
        var drop = percent > 0 && _random.NextDouble() * 100 < percent;
        Dropped += drop ? 1 : 0;
        return drop;
    }
}
