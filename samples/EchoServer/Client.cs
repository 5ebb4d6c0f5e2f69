using System.Net.Sockets;
using System.Text;
using Kqueue;

namespace EchoServer;

/// <summary>A connection: one line's worth of memory, and what has to happen to it next.</summary>
internal sealed class Client(nint id, Socket socket, int lineBytesMax) : IDisposable
{
    /// <summary>How long a client that has had everything may take to close its side, in milliseconds.</summary>
    public const int LeaveTimeoutMs = 2000;

    private readonly byte[] _buffer = new byte[lineBytesMax];

    // Of the buffer: what has been received, how much of that is to be sent, and how much has been.
    private int _received;
    private int _due;
    private int _sent;

    // What is due is the last that this client gets.
    private bool _isLast;
    private bool _hasPeerEnded;

    public nint Id => id;

    public nint Descriptor => socket.Handle;

    public int LinesEchoed { get; private set; }

    /// <summary>
    /// Everything is sent, and what the client still sends is dropped. Closing at once would answer it with a reset,
    /// which could overtake the last lines.
    /// </summary>
    public bool IsLeaving { get; private set; }

    /// <summary>Does what an event allows. Returns what to wait for next; null when the client has to go.</summary>
    public KEventFilter? Handle(KEventFilter filter)
    {
        if (IsLeaving)
        {
            return Drop();
        }

        return filter == KEventFilter.Read ? Receive() : Send();
    }

    public void Dispose() => socket.Dispose();

    private KEventFilter? Receive()
    {
        var count = socket.Receive(_buffer.AsSpan(_received), SocketFlags.None, out var error);
        if (error != SocketError.Success)
        {
            return error == SocketError.WouldBlock ? KEventFilter.Read : null;
        }

        _hasPeerEnded = count == 0;
        _received += count;
        TakeLines();
        return Send();
    }

    /// <summary>Marks the complete lines as due: up to the empty one, if it is there.</summary>
    private void TakeLines()
    {
        while (!_isLast && _buffer.AsSpan(_due, _received - _due).IndexOf((byte)'\n') is >= 0 and var length)
        {
            var line = _buffer.AsSpan(_due, length);
            _isLast = line is [] or [(byte)'\r'];
            _due += length + 1;
            LinesEchoed++;
        }

        if (_hasPeerEnded && !_isLast)
        {
            (_due, _isLast) = (_received, true);
        }
        else if (_due == 0 && _received == _buffer.Length)
        {
            _due = _received = Encoding.ASCII.GetBytes("line too long\n", _buffer);
            _isLast = true;
        }
    }

    private KEventFilter? Send()
    {
        while (_sent < _due)
        {
            var count = socket.Send(_buffer.AsSpan(_sent, _due - _sent), SocketFlags.None, out var error);
            if (error != SocketError.Success)
            {
                return error == SocketError.WouldBlock ? KEventFilter.Write : null;
            }

            _sent += count;
        }

        return _isLast ? Leave() : Continue();
    }

    /// <summary>Moves the beginning of the next line to the front.</summary>
    private KEventFilter? Continue()
    {
        _buffer.AsSpan(_due, _received - _due).CopyTo(_buffer);
        (_received, _due, _sent) = (_received - _due, 0, 0);
        return KEventFilter.Read;
    }

    private KEventFilter? Leave()
    {
        if (_hasPeerEnded)
        {
            return null;
        }

        IsLeaving = true;
        socket.Shutdown(SocketShutdown.Send);
        return KEventFilter.Read;
    }

    private KEventFilter? Drop()
    {
        var count = socket.Receive(_buffer, SocketFlags.None, out var error);
        return count > 0 || error == SocketError.WouldBlock ? KEventFilter.Read : null;
    }
}
