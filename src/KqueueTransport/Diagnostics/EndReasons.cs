using System.Diagnostics;
using KqueueTransport.Connections;

namespace KqueueTransport.Diagnostics;

/// <summary>The reasons of a connection's end as metrics and events name them.</summary>
internal static class EndReasons
{
    /// <summary>Every reason that a connection can have ended for.</summary>
    public static ShutdownReason[] All { get; } =
        [.. Enum.GetValues<ShutdownReason>().Where(reason => reason != ShutdownReason.None)];

    public static string NameOf(ShutdownReason reason) => reason switch
    {
        ShutdownReason.OutputCompleted => "output_completed",
        ShutdownReason.Closed => "closed",
        ShutdownReason.Aborted => "aborted",
        ShutdownReason.PeerReset => "peer_reset",
        ShutdownReason.Failed => "failed",
        _ => throw new UnreachableException(),
    };
}
