namespace KqueueTransport.Sockets;

/// <summary>Options of a TCP connection's descriptor.</summary>
/// <param name="NoDelay">TCP_NODELAY: small segments go out at once.</param>
internal sealed record SocketOptions(bool NoDelay);
