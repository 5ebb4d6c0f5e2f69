namespace KqueueTransport.Diagnostics;

/// <summary>
/// Something that goes on as long as it happens again within <see cref="Quiet"/>: worth one warning, when it begins.
/// Any thread.
/// </summary>
internal struct Episode
{
    /// <summary>The time without it that ends it.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    // One more than the time; 0 is never.
    private long _last;

    /// <summary>It happens. True when that is a beginning.</summary>
    public bool Begins(TimeProvider clock)
    {
        var now = clock.GetTimestamp();
        var last = Interlocked.Exchange(ref _last, now + 1);
        return last == 0 || clock.GetElapsedTime(last - 1, now) >= Quiet;
    }
}
