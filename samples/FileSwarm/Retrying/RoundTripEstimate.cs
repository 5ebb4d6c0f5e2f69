namespace FileSwarm.Retrying;

/// <summary>
/// How long an answer may take before it is given up, from the round-trip times seen so far (RFC 6298, section 2).
/// </summary>
internal sealed class RoundTripEstimate
{
    public static readonly TimeSpan Min = TimeSpan.FromMilliseconds(50);
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_initial = TimeSpan.FromMilliseconds(500);

    private TimeSpan _smoothed;
    private TimeSpan _variation;

    public TimeSpan Timeout { get; private set; } = s_initial;

    /// <summary>An answer to a question that was asked once came after so long.</summary>
    public void Add(TimeSpan roundTrip)
    {
        if (_smoothed == TimeSpan.Zero)
        {
            (_smoothed, _variation) = (roundTrip, roundTrip / 2);
        }
        else
        {
            _variation = (_variation * 0.75) + ((_smoothed - roundTrip).Duration() * 0.25);
            _smoothed = (_smoothed * 0.875) + (roundTrip * 0.125);
        }

        var timeout = _smoothed + (_variation * 4);
        Timeout = timeout < Min ? Min : timeout > Max ? Max : timeout;
    }
}
