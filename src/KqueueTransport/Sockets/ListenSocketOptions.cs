using System.Net;
using System.Net.Sockets;

namespace KqueueTransport.Sockets;

/// <summary>How a listen socket is opened.</summary>
/// <param name="Backlog">The length of the kernel's queue; the kernel may cut it (somaxconn).</param>
/// <param name="Accepted">What accepted connections get.</param>
/// <param name="SharePort">
/// Whether other listen sockets may share the address, so that the kernel spreads connections over them. An address
/// in use is then no error where the other side shares it too. Only where
/// <see cref="SocketCalls.BalancesSharedPort"/> is true.
/// </param>
internal sealed record ListenSocketOptions(int Backlog, SocketOptions Accepted, bool SharePort = false)
{
    /// <summary>Connections by TCP fast open that may be pending; 0 is off.</summary>
    public int FastOpenQueueLength { get; init; }

    /// <summary>How long connections without bytes stay in the kernel; null is not at all.</summary>
    public int? DeferAcceptSeconds { get; init; }

    /// <summary>The access mode of a Unix socket's file; null leaves it to the umask.</summary>
    public UnixFileMode? UnixFileMode { get; init; }

    /// <summary>A bound socket that another process has, too: its descriptor, which becomes this library's.</summary>
    public int? TakenOver { get; init; }

    /// <summary>Makes and binds the socket in place of this library.</summary>
    public Func<EndPoint, Socket>? CreateBoundSocket { get; init; }
}
