using System.Net;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// A descriptor that is kept for the moment when there is no other: given back, it makes room to accept a connection
/// and reset it at once. Any thread.
/// </summary>
internal sealed class ReserveDescriptor : IDisposable
{
    private const int None = -1;

    private readonly SocketCalls _calls;
    private readonly Lock _gate = new();

    // Under _gate.
    private readonly SocketAddress _peer = SocketCalls.CreateAddress();
    private int _descriptor = None;
    private bool _isDisposed;

    public ReserveDescriptor(SocketCalls calls)
    {
        _calls = calls;
        Open();
    }

    /// <summary>Resets connections that wait in the kernel's queue, so that their peers are told.</summary>
    /// <returns>How many.</returns>
    public int Refuse(int listenDescriptor, int countMax)
    {
        lock (_gate)
        {
            var count = 0;
            while (count < countMax && RefuseOne(listenDescriptor))
            {
                count++;
            }

            return count;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            Close();
        }
    }

    private bool RefuseOne(int listenDescriptor)
    {
        // Another thread may have taken the descriptor that the last refusal gave back.
        if (_isDisposed || (_descriptor == None && !Open()))
        {
            return false;
        }

        Close();
        var accepted = _calls.Accept(listenDescriptor, _peer);
        if (!accepted.IsError)
        {
            _calls.Abort(accepted.Value);
        }

        Open();
        return !accepted.IsError;
    }

    private bool Open()
    {
        var opened = _calls.OpenReserve();
        _descriptor = opened.IsError ? None : opened.Value;
        return !opened.IsError;
    }

    private void Close()
    {
        if (_descriptor != None)
        {
            _calls.Close(_descriptor);
            _descriptor = None;
        }
    }
}
