namespace KqueueTransport.Diagnostics;

/// <summary>How metrics and messages name the limits of a listener.</summary>
internal static class ListenerLimits
{
    public static IReadOnlyList<ListenerLimit> All { get; } = Enum.GetValues<ListenerLimit>();

    /// <summary>In metrics.</summary>
    public static string NameOf(ListenerLimit limit) => limit switch
    {
        ListenerLimit.Descriptors => "descriptors",
        ListenerLimit.Connections => "connections",
        ListenerLimit.Rate => "rate",
        _ => "address",
    };

    /// <summary>What users set.</summary>
    public static string OptionOf(ListenerLimit limit) => limit switch
    {
        ListenerLimit.Connections => nameof(KqueueEndPointOptions.ConnectionsMax),
        ListenerLimit.Rate => nameof(KqueueEndPointOptions.AcceptsPerSecond),
        ListenerLimit.Address => nameof(KqueueEndPointOptions.ConnectionsPerAddressMax),
        _ => throw new ArgumentOutOfRangeException(nameof(limit)),
    };
}
