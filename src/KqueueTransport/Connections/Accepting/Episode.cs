namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// Something that goes on as long as it happens again within <see cref="Quiet"/>: worth one warning, when it begins.
/// </summary>
internal struct Episode
{
    /// <summary>The time without it that ends it.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private long? _last;

    /// <summary>It happens. True when that is a beginning.</summary>
    public bool Begins(TimeProvider clock)
    {
        var now = clock.GetTimestamp();
        var begins = _last is not { } last || clock.GetElapsedTime(last, now) >= Quiet;
        _last = now;
        return begins;
    }
}
