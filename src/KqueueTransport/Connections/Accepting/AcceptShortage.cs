namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// How long accepting has failed for want of descriptors or memory, which decides who is told. Used under the
/// acceptor's lock.
/// </summary>
/// <remarks>
/// What waits is left in the kernel's queue at first: most shortages end with the next connection that closes, and
/// then everybody is served. When nothing could be accepted for longer than a peer is likely to wait, the rest is
/// refused, so that peers can go elsewhere and the queue does not fill with those that have given up.
/// </remarks>
internal sealed class AcceptShortage(TimeProvider clock)
{
    /// <summary>How long nothing has been accepted when peers are refused.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Failures with less than this between them are one shortage, and one warning.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private long? _lastFailure;

    // The first failure since the last accept; null after an accept.
    private long? _hungrySince;

    /// <summary>Whether nothing has been accepted for so long that peers should be refused.</summary>
    public bool IsLasting => _hungrySince is { } since && clock.GetElapsedTime(since) >= Patience;

    /// <summary>Accepting has failed. True when this begins a shortage.</summary>
    public bool OnFailed()
    {
        var now = clock.GetTimestamp();
        var begins = _lastFailure is not { } last || clock.GetElapsedTime(last, now) >= Quiet;
        _lastFailure = now;
        _hungrySince ??= now;
        return begins;
    }

    public void OnAccepted() => _hungrySince = null;
}
