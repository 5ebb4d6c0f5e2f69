using System.Net.Sockets;
using Kqueue;
using Kqueue.EventLoops;

namespace Samples.Common;

/// <summary>
/// A TCP connection on an event loop: it tells when there is something to receive, and sends what it is given as soon
/// as the socket takes it. Loop thread only.
/// </summary>
public abstract class LoopConnection : IEventHandler, IDisposable
{
    private readonly Socket _socket;
    private readonly Registration _registration;

    // Messages may be shared by many connections; only the place in the first one is this connection's own.
    private readonly Queue<ReadOnlyMemory<byte>> _queue = new();
    private int _sentOfFirst;

    /// <summary>Takes a socket over.</summary>
    /// <param name="loop">Where events are dispatched.</param>
    /// <param name="socket">Non-blocking; connected or on its way.</param>
    protected LoopConnection(EventLoop loop, Socket socket)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(socket);
        _socket = socket;
        _registration = loop.Register(socket.Handle, this);
    }

    /// <summary>Whether it is closed, from either side.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>How many messages wait to be sent.</summary>
    public int QueuedMessages => _queue.Count;

    /// <summary>How many bytes wait to be sent.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>
    /// Begins to receive. Level-triggered: what <see cref="OnReadable"/> leaves is reported again, when the other
    /// connections of the loop have had their turn.
    /// </summary>
    public void Start() => Arm(KEventFilter.Read, KEventFlags.None);

    /// <summary>Sends at once what the socket takes, and queues the rest. Nothing happens when it is closed.</summary>
    /// <param name="message">The bytes, which must stay as they are.</param>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (IsClosed)
        {
            return;
        }

        _queue.Enqueue(message);
        QueuedBytes += message.Length;
        if (_queue.Count == 1)
        {
            SendQueued();
        }
    }

    /// <inheritdoc/>
    public void OnEvent(in KEvent kevent)
    {
        if (IsClosed)
        {
            return; // Closed a moment ago, by an event of the same turn.
        }

        if (kevent.Filter == KEventFilter.Write)
        {
            SendQueued();
        }
        else
        {
            OnReadable();
        }
    }

    /// <summary>Closes it, without <see cref="OnLost"/>. What is queued is not sent.</summary>
    public void Dispose()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _registration.Dispose();
            _socket.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>There is something to receive, or the end: call <see cref="TryReceive"/>, once or more.</summary>
    protected abstract void OnReadable();

    /// <summary>The connection has ended, and is closed.</summary>
    /// <param name="cause">Why; <see cref="SocketError.Success"/> when the peer has ended it.</param>
    protected abstract void OnLost(SocketError cause);

    /// <summary>The peer has sent everything. What is sent now, if it is little, still arrives.</summary>
    protected virtual void OnInputEnded()
    {
    }

    /// <summary>Receives some bytes.</summary>
    /// <returns>False when none are there, or none will be any more: then the connection is lost.</returns>
    protected bool TryReceive(Span<byte> buffer, out int count)
    {
        count = _socket.Receive(buffer, SocketFlags.None, out var error);
        if (count > 0)
        {
            return true;
        }

        if (error == SocketError.Success)
        {
            OnInputEnded();
        }

        if (error != SocketError.WouldBlock)
        {
            Lose(error);
        }

        return false;
    }

    private void SendQueued()
    {
        while (_queue.TryPeek(out var message))
        {
            var sent = _socket.Send(message.Span[_sentOfFirst..], SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                OnNotSent(error);
                return;
            }

            QueuedBytes -= sent;
            _sentOfFirst += sent;
            if (_sentOfFirst == message.Length)
            {
                _queue.Dequeue();
                _sentOfFirst = 0;
            }
        }
    }

    private void OnNotSent(SocketError error)
    {
        // BSD says ENOTCONN, and Linux EAGAIN, while the connection is still being made.
        if (error is SocketError.WouldBlock or SocketError.NotConnected)
        {
            Arm(KEventFilter.Write, KEventFlags.OneShot);
        }
        else
        {
            Lose(error);
        }
    }

    private void Arm(KEventFilter filter, KEventFlags mode)
    {
        if (_registration.Arm(filter, mode).IsError)
        {
            Lose(SocketError.NoBufferSpaceAvailable); // The kernel is out of memory for its events.
        }
    }

    private void Lose(SocketError error)
    {
        if (!IsClosed)
        {
            Dispose();
            OnLost(error);
        }
    }
}
