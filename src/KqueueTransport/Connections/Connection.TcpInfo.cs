namespace KqueueTransport.Connections;

// What the kernel knows of the connection. Nothing is kept of it: it costs who asks.
internal sealed partial class Connection : ITcpInfoFeature
{
    public bool TryGetTcpInfo(out TcpInfo info)
    {
        // The end sets its reason, then takes the reader's lock, and closes the descriptor later.
        lock (_registration)
        {
            info = default;
            return !HasShutDown && _loop.Calls.TryGetTcpInfo(Descriptor, out info);
        }
    }
}
