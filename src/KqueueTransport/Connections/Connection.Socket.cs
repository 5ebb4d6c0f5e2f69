using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace KqueueTransport.Connections;

// The descriptor as the framework's Socket, for options and addresses that this transport does not offer.
internal sealed partial class Connection : IConnectionSocketFeature
{
    // Made when it is first asked for, by compare-and-swap: the end of the connection may come at that moment.
    private Socket? _socket;

    /// <summary>
    /// A socket over the connection's descriptor, which stays the connection's: disposing the one does not close the
    /// other, and the end of the connection disposes the socket. What it sends or receives goes past the pipes, and its
    /// asynchronous calls make the runtime's own event queue compete for the descriptor's events.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The connection has ended.</exception>
    Socket IConnectionSocketFeature.Socket
    {
        get
        {
            if (Volatile.Read(ref _socket) is { } made)
            {
                return made;
            }

            ObjectDisposedException.ThrowIf(HasShutDown, typeof(Socket));
            var socket = new Socket(new SafeSocketHandle(Descriptor, ownsHandle: false));
            if (Interlocked.CompareExchange(ref _socket, socket, null) is { } earlier)
            {
                return earlier;
            }

            // The end sets its reason and then looks for a socket; this set the socket and then looks for a reason.
            if (HasShutDown)
            {
                DisposeSocket();
            }

            return socket;
        }
    }

    /// <summary>Whether the connection has ended, or is about to.</summary>
    public bool HasShutDown => _lifetime.HasEnded;

    private void DisposeSocket() => Volatile.Read(ref _socket)?.Dispose();
}
