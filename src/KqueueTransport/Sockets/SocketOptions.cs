namespace KqueueTransport.Sockets;

/// <summary>Options of a connection's descriptor.</summary>
/// <param name="NoDelay">TCP_NODELAY: small segments go out at once. Left alone on anything but TCP.</param>
internal sealed record SocketOptions(bool NoDelay);
