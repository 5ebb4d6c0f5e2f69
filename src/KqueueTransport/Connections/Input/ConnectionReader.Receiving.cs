using Kqueue;

namespace KqueueTransport.Connections.Input;

// The receives, by the loop or by a read that makes them itself.
internal sealed partial class ConnectionReader
{
    // Whether the others of the loop come before the next receive.
    private bool MustGiveWay => _received.ReceivedInARow >= Connection.BytesInARowMax;

    /// <summary>Receives what a read wants; less when the kernel has less, or after too much in a row.</summary>
    private void ReceiveMinimum()
    {
        do
        {
            Receive();
        }
        while (!IsResultReady && IsReadable && !MustGiveWay);
    }

    /// <summary>
    /// Receives until would-block, the end or the limit, although nobody reads: the peer has ended the connection, and
    /// the application shall hear of that even while it does something else.
    /// </summary>
    private void ReadAhead()
    {
        if (_state is ReadState.Completed)
        {
            // What is there stays there: nobody wants it.
            EndWith(InputState.EndedUnread, FindReset());
            return;
        }

        var limit = _connection.EndPointContext.MaxReadBufferBytes;
        while (IsReadable && _input is not InputState.Failing && _received.Length < limit)
        {
            Receive();
        }
    }

    private void Receive()
    {
        if (_input is InputState.Failing)
        {
            EndWith(InputState.Ended, _error);
            return;
        }

        if (_input is InputState.Paused)
        {
            _input = InputState.Readable;
            Set(ReaderFlags.ResumeUnreported);
        }

        var loop = _connection.LoopContext;
        KernelResult result;
        bool isShort;
        try
        {
            result = _received.Receive(this, loop.Calls, _connection.Descriptor, loop.Blocks, out isShort);
        }
        catch (Exception exception)
        {
            // The pool has no block, which may be one of the application's own, or the process no memory: that ends
            // this connection. On the thread of a loop it would end the process.
            EndWith(InputState.Ended, exception);
            return;
        }

        if (result.IsWouldBlock)
        {
            _input = InputState.Drained;
            return;
        }

        if (result.IsError || result.Value == 0)
        {
            // A reset is told once, to whichever call comes first (Linux include/net/sock.h, sock_error): behind a send
            // that was told, a receive finds what looks like the peer's end. Beside one, it is asked for again.
            Exception? error = null;
            if (result.IsError)
            {
                error = SocketErrors.ToException(result.Error);
            }
            else if (!_connection.TryGetSendError(out error) &&
                !_connection.Arm(KEventFilter.Read, KEventFlags.Clear).IsError)
            {
                _input = InputState.Drained;
                return;
            }

            EndWith(error is null ? InputState.Finished : InputState.Ended, error);
            return;
        }

        // A short receive has drained the socket; what comes after it makes a new edge. Only what was announced does
        // not: data and EOF may have come in one event, and a receive stops at the mark of urgent data (Linux
        // net/ipv4/tcp.c, tcp_recvmsg_locked), of which FreeBSD and NetBSD say nothing but the count of all bytes
        // (uipc_socket.c, filt_soread).
        loop.Statistics.CountReceived(result.Value);
        if (isShort && _received.Announced == 0)
        {
            _input = InputState.Drained;
        }
    }

    /// <summary>Notes that the peer sends more than the application reads: the kernel holds it back.</summary>
    private void PauseIfUnread()
    {
        if (_input is InputState.Readable && _state is not ReadState.Completed && !_read.IsPending)
        {
            _input = InputState.Paused;
            Set(ReaderFlags.PauseUnreported);
        }
    }

    // A read that has completed keeps its bytes, as the kernel gives them before the reset behind them: the next
    // receive brings the error.
    private void EndWith(InputState end, Exception? error)
    {
        var mustWait = error is not null && _read.HasEnded && _input is not InputState.Failing;
        _input = mustWait ? InputState.Failing : end;
        _error = error;
        Set(mustWait ? ReaderFlags.FailingUnreported : ReaderFlags.EndUnreported);
    }
}
