namespace KqueueTransport;

/// <summary>
/// What the kernel knows of a TCP connection: a feature of each connection, accepted or outbound, and of each HTTP
/// request on it. A connection that is not TCP, one that has ended, and one of a system that tells nothing, does not
/// have it.
/// </summary>
public interface ITcpInfoFeature
{
    /// <summary>Asks the kernel, by one call. From any thread.</summary>
    /// <param name="info">The answer, all of one moment.</param>
    /// <returns>False when the connection has ended.</returns>
    bool TryGetTcpInfo(out TcpInfo info);
}
