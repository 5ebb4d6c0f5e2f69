using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections;

// What the kernel knows of the connection. Nothing is kept of it: it costs who asks.
internal sealed partial class Connection : ITcpInfoFeature
{
    public bool TryGetTcpInfo(out TcpInfo info)
    {
        // The end sets its reason, then takes the reader's lock, and closes the descriptor later.
        using (_reader.Enter())
        {
            info = default;
            return !HasShutDown && _loop.Calls.TryGetTcpInfo(Descriptor, out info);
        }
    }

    /// <summary>At the end, by the thread that closes the descriptor next.</summary>
    private void MeasureTcp()
    {
        if (!_loop.Tcp.IsWanted || !_loop.Calls.TryGetTcpInfo(Descriptor, out var info))
        {
            return;
        }

        try
        {
            _loop.Tcp.Add(info, _endPoint.Placement.EndPoint);
        }
        catch (Exception exception)
        {
            // Of whoever listens: the descriptor has to be closed all the same.
            TransportLog.UnexpectedException(_loop.Logger, "a listener of the meter", exception);
        }
    }
}
