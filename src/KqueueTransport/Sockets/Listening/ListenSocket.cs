using System.Net;

namespace KqueueTransport.Sockets.Listening;

/// <summary>A listen socket: its descriptor, and what must be undone in the end.</summary>
internal abstract class ListenSocket : IDisposable
{
    /// <summary>The descriptor, non-blocking.</summary>
    public abstract int Descriptor { get; }

    /// <summary>What it is bound to, with the real port.</summary>
    public abstract EndPoint EndPoint { get; }

    /// <summary>
    /// What has to be set on every accepted connection, because it is not inherited from this socket; null where
    /// nothing has to be, as on a Unix socket.
    /// </summary>
    public abstract SocketOption[]? OptionsToSet { get; }

    /// <summary>
    /// Whether the descriptor is somebody else's and stays open, and with it the kernel's queue: another process may
    /// accept what this one leaves there.
    /// </summary>
    public virtual bool IsInherited => false;

    /// <summary>
    /// Closes the descriptor, which resets connections that nobody accepted, and deletes a Unix socket's file. An
    /// inherited descriptor stays open: it is somebody else's.
    /// </summary>
    public abstract void Dispose();

    /// <summary>
    /// Closes the descriptor in place of <see cref="Dispose"/>, because another process has the socket, too, and goes
    /// on with its queue and its file.
    /// </summary>
    public virtual void Leave() => Dispose();
}
