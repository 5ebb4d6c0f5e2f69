using System.Net;
using System.Net.Sockets;
using Kqueue;

namespace Fetcher;

/// <summary>
/// One request on its way: connect, send, receive to the end. After each step it asks the queue, once, for the next
/// moment at which it can go on.
/// </summary>
internal sealed class Fetch : IDisposable
{
    private readonly KernelQueue _queue;
    private readonly Socket _socket;
    private readonly int _number;
    private readonly byte[] _request;
    private readonly byte[] _received = new byte[4096];
    private int _sent;
    private long _length;

    public Fetch(KernelQueue queue, int number, IPEndPoint endPoint, byte[] request)
    {
        _queue = queue;
        _number = number;
        _request = request;
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        Connect(endPoint);
    }

    /// <summary>Whether it has been answered, or has failed.</summary>
    public bool IsOver { get; private set; }

    public void Dispose() => _socket.Dispose();

    /// <summary>What it waited for has come.</summary>
    public void OnReady()
    {
        if (_sent < _request.Length)
        {
            Send();
        }
        else
        {
            Receive();
        }
    }

    private void Connect(IPEndPoint endPoint)
    {
        try
        {
            _socket.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // As it should be: the kernel goes on by itself and says WRITE at the end, whatever the end.
        }
        catch (SocketException e)
        {
            End($"FAILED: {_number}, {e.Message}");
            return;
        }

        WaitFor(KEventFilter.Write);
    }

    private void Send()
    {
        _sent += _socket.Send(_request.AsSpan(_sent), SocketFlags.None, out var error);
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            End($"FAILED: {_number}, {new SocketException((int)error).Message}");
            return;
        }

        WaitFor(_sent < _request.Length ? KEventFilter.Write : KEventFilter.Read);
    }

    private void Receive()
    {
        var count = _socket.Receive(_received.AsSpan(), SocketFlags.None, out var error);
        _length += count;
        if (count > 0 || error == SocketError.WouldBlock)
        {
            WaitFor(KEventFilter.Read);
        }
        else if (error == SocketError.Success && _length > 0)
        {
            End($"RECEIVED: {_number}");
        }
        else
        {
            End($"FAILED: {_number}, {(error == SocketError.Success ? "no answer" : $"{error}")}");
        }
    }

    /// <summary>One-shot: the kernel forgets the interest with the event, so there is nothing to take back.</summary>
    private void WaitFor(KEventFilter filter) => _queue.Kevent(
        [new KEvent(_socket.Handle, filter, KEventFlags.Add | KEventFlags.OneShot, userData: _number - 1)],
        [],
        timeoutNs: 0);

    private void End(string line)
    {
        IsOver = true;
        Dispose();
        Console.WriteLine(line);
    }
}
