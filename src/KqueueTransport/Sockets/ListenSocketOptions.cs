namespace KqueueTransport.Sockets;

/// <summary>How a listen socket is opened.</summary>
/// <param name="Backlog">The length of the kernel's queue; the kernel may cut it (somaxconn).</param>
/// <param name="Accepted">What accepted connections get.</param>
/// <param name="SharePort">
/// Whether other listen sockets may share the address, so that the kernel spreads connections over them. An address
/// in use is then no error where the other side shares it too. Only where
/// <see cref="SocketCalls.BalancesSharedPort"/> is true.
/// </param>
internal sealed record ListenSocketOptions(int Backlog, SocketOptions Accepted, bool SharePort = false);
