using KqueueTransport.Diagnostics;

namespace KqueueTransport.Connections.Input;

// The end of the input, and what others are told.
internal sealed partial class ConnectionReader
{
    /// <summary>
    /// Whether the application or the stream has ended the input. Without the lock: the writer asks under its own, and
    /// this asks the writer under the reader's.
    /// </summary>
    public bool HasEnded => _state is ReadState.Completed || HasInputEnded;

    /// <summary>Whether the kernel may have bytes that nobody has received.</summary>
    public bool HasUnreceived
    {
        get
        {
            using (Enter())
            {
                return IsReadable || _input is InputState.EndedUnread || (_lock.Marks & LoopMarks.Readable) != 0;
            }
        }
    }

    /// <summary>
    /// After <see cref="TryEnd"/>: whether the peer's FIN had come, and everything before it had been received.
    /// </summary>
    public bool HasReceivedAll => _input is InputState.Finished;

    /// <summary>
    /// Ends the stream because the connection ends. An orderly end that was seen before stays what it was; an error
    /// gives way to the reason of the connection's end, which may be an abort that came first. The descriptor is not
    /// used after this. False while another thread has the lock.
    /// </summary>
    public bool TryEnd(Exception error)
    {
        if (!Monitor.TryEnter(Gate))
        {
            return false;
        }

        bool mustResume;
        using (new Held(this))
        {
            if (!HasInputEnded || _error is not null)
            {
                _input = IsReadable ? InputState.EndedUnread : _input is InputState.Drained ? InputState.Ended : _input;
                _error = error;
            }

            Begin();
            Clear(ReaderFlags.Reports);
            mustResume = _read.TryEnd();
        }

        ResumeElsewhere(mustResume);
        return true;
    }

    private ReaderFlags TakeReports()
    {
        var reports = _flags & ReaderFlags.Reports;
        Clear(reports);
        return reports;
    }

    /// <summary>Tells others what happened under the lock: they may call back, or be the application's.</summary>
    private void Report(ReaderFlags reports)
    {
        if (reports == ReaderFlags.None)
        {
            return;
        }

        if ((reports & ReaderFlags.ResumeUnreported) != 0)
        {
            TransportLog.ConnectionResume(_connection.LoopContext.Logger, _connection);
        }

        if ((reports & ReaderFlags.PauseUnreported) != 0)
        {
            _connection.EndPointContext.Statistics.CountPause();
            TransportLog.ConnectionPause(_connection.LoopContext.Logger, _connection);
        }

        if ((reports & ReaderFlags.FailingUnreported) != 0)
        {
            _connection.OnInputFailing();
        }

        if ((reports & ReaderFlags.EndUnreported) != 0)
        {
            _connection.OnInputEnded(_error);
        }
    }
}
