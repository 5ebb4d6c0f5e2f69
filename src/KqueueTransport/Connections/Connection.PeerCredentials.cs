using KqueueTransport.Sockets;

namespace KqueueTransport.Connections;

// Who is at the other end of a Unix socket. Nothing is kept of it: it costs who asks.
internal sealed partial class Connection
{
    private UnixPeerCredentials? GetPeerCredentials()
    {
        // As with what the kernel knows of TCP: the end closes the descriptor after it has had this lock.
        using (_reader.Enter())
        {
            return HasShutDown ? null : _loop.Calls.GetPeerCredentials(Descriptor);
        }
    }
}
