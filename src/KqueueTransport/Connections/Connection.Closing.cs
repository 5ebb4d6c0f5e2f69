using System.Net.Sockets;
using KqueueTransport.Connections.Closing;
using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections;

// What becomes of the descriptor when the connection has ended.
internal sealed partial class Connection
{
    // What has the descriptor once this connection has ended and its peer has not. Set by whoever ends it; events on
    // the loop look at it.
    private LingeringCloses.Close? _lingering;

    /// <summary>
    /// Neither the reader nor the writer uses the descriptor again. From the thread that ends the connection, or from
    /// the one that was sending.
    /// </summary>
    public void OnSendsEnded(Exception cause)
    {
        DisposeSocket();
        MeasureTcp();
        EndDescriptor(_lifetime.Reason, cause);
        _endPoint.Ended?.Invoke(this);
        _lifetime.OnDescriptorEnded();
    }

    private void EndDescriptor(ShutdownReason reason, Exception cause)
    {
        var isError = reason is ShutdownReason.Aborted or ShutdownReason.PeerReset or ShutdownReason.Failed;
        if (isError && !_endPoint.FinOnError)
        {
            // As Sockets logs it, also where the peer's own reset leaves nobody to send one to.
            TransportLog.ConnectionWriteRst(_loop.Logger, this, cause.Message);
            _registration.Dispose();
            if (reason is ShutdownReason.PeerReset)
            {
                _loop.Calls.Close(Descriptor);
            }
            else
            {
                _loop.Calls.Abort(Descriptor);
            }

            return;
        }

        var isFinSent = _endPoint.HalfClose && HasSentFin;
        if (!isFinSent)
        {
            TransportLog.ConnectionWriteFin(_loop.Logger, this, cause.Message);
        }

        var isPeerGone = _reader.HasReceivedAll || reason is ShutdownReason.PeerReset or ShutdownReason.Failed;
        if (isPeerGone || !TryLinger(isFinSent))
        {
            _registration.Dispose();
            _loop.Calls.Close(Descriptor);
        }
    }

    /// <summary>Sends FIN and leaves the descriptor open until the peer has ended, too.</summary>
    private bool TryLinger(bool isFinSent)
    {
        if (_endPoint.IsOutbound || _loop.Lingering is not { } lingering ||
            (!isFinSent && _loop.Calls.Shutdown(Descriptor, SocketShutdown.Send).IsError) ||
            lingering.TryAdd(_registration) is not { } close)
        {
            return false;
        }

        // An event on the loop notes itself with the reader and then looks at the field; this sets the field and then
        // asks the reader, whose lock is between: one of the two sees to the bytes, or both.
        Volatile.Write(ref _lingering, close);
        if (_reader.HasUnreceived)
        {
            close.Drain();
        }

        return true;
    }

    /// <summary>
    /// The kernel has something for a connection whose input has ended: it is for who has the descriptor then.
    /// </summary>
    /// <param name="error">A reset that came behind the end.</param>
    public void OnReadableAfterEnd(Exception? error)
    {
        Volatile.Read(ref _lingering)?.Drain();
        if (error is not null)
        {
            Fail(error);
        }
    }
}
