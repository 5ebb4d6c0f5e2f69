namespace KqueueTransport;

/// <summary>
/// Who is at the other end of a Unix socket, by the kernel's word: a feature of each such connection, accepted or
/// outbound, and of each HTTP request on it. Other connections, and one that has ended, do not have it.
/// </summary>
/// <remarks>
/// Each time that the feature is asked for, it is made by a call to the kernel, one more on macOS. User and group are
/// the effective ones of the process that called connect(2), or listen(2) where this side has connected, at that
/// moment: they stay what they are when that process changes them, hands the socket on, or ends.
/// </remarks>
public interface IUnixPeerCredentialsFeature
{
    /// <summary>
    /// Gets the number of the process; null where the kernel does not tell: on FreeBSD before 13, and where the process
    /// is of a container whose processes this one does not see. On macOS it is the process that used the socket last,
    /// and null once that is closed.
    /// </summary>
    /// <remarks>Not for decisions: the number may be another process's by the time that it is looked at.</remarks>
    int? ProcessId { get; }

    /// <summary>Gets the number of the effective user.</summary>
    uint UserId { get; }

    /// <summary>Gets the number of the effective group.</summary>
    uint GroupId { get; }
}
