using Kqueue;
using Kqueue.EventLoops;
using KqueueTransport.Sockets;

namespace KqueueTransport.Connections.Closing;

/// <summary>
/// The connections of one loop that have sent their FIN and wait for their peers' before the descriptor closes. What
/// still comes in is received and dropped.
/// </summary>
/// <remarks>
/// A descriptor that is closed with bytes unread, or that is sent bytes afterwards, answers with RST, and an RST makes
/// the peer's kernel drop what the peer has not read yet: the end of the response, or an early refusal of an upload
/// (RFC 9112, section 9.6). The wait is bounded in time, in bytes and in number, so that no peer can keep descriptors.
/// </remarks>
internal sealed class LingeringCloses(
    EventLoop loop, SocketCalls calls, LingerLimits limits, TimeProvider clock)
{
    private const int ReceiveBytes = 64 * 1024;

    // Receives in a row, before the loop serves others.
    private const int ReceivesPerTurn = 16;

    private readonly Lock _gate = new();

    // Everything below is under _gate. In the order of their starts, and so of their ends.
    private readonly LinkedList<LingeringClose> _closes = [];
    private byte[]? _dropped;
    private bool _isTimerSet;
    private bool _isEnded;

    /// <summary>
    /// Takes the descriptor over, or declines because too many wait already. It hears of events by
    /// <see cref="LingeringClose.Drain"/> from then on.
    /// </summary>
    public LingeringClose? TryAdd(int descriptor, Registration registration)
    {
        lock (_gate)
        {
            if (_isEnded || _closes.Count >= limits.ConnectionsMax)
            {
                return null;
            }

            var close = new LingeringClose(
                this, descriptor, registration, clock.GetTimestamp(), limits.BytesMax);
            _closes.AddLast(close.Node);
            SetTimer(limits.Timeout);
            return close;
        }
    }

    /// <summary>Receives what is there, and closes at the peer's end, at its reset or at the limit.</summary>
    public void Drain(LingeringClose close)
    {
        lock (_gate)
        {
            _dropped ??= GC.AllocateUninitializedArray<byte>(ReceiveBytes);
            for (var receives = 0; receives < ReceivesPerTurn; receives++)
            {
                if (close.Node.List is null)
                {
                    return;
                }

                var result = calls.Receive(close.Descriptor, _dropped);
                if (result.IsWouldBlock)
                {
                    return;
                }

                close.BytesLeft -= result.Value;
                if (result.IsError || result.Value == 0 || close.BytesLeft <= 0)
                {
                    Close(close);
                }
            }

            // Arming again makes an event of what is there, and it comes behind those of the others. Where that fails,
            // the loop has ended, or the time closes the descriptor.
            if (close.Node.List is not null)
            {
                _ = close.Registration.Arm(KEventFilter.Read, KEventFlags.Clear);
            }
        }
    }

    /// <summary>Closes all that wait, and from now on declines: the loop ends.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            while (_closes.First is { } first)
            {
                Close(first.Value);
            }
        }
    }

    private void Close(LingeringClose close)
    {
        _closes.Remove(close.Node);
        close.Registration.Dispose();
        calls.Close(close.Descriptor);
    }

    private void SetTimer(TimeSpan dueTime)
    {
        if (!_isTimerSet)
        {
            _isTimerSet = true;
            loop.Schedule(dueTime, static state => ((LingeringCloses)state!).CloseOverdue(), this);
        }
    }

    private void CloseOverdue()
    {
        lock (_gate)
        {
            _isTimerSet = false;
            while (_closes.First is { Value: var first })
            {
                var left = limits.Timeout - clock.GetElapsedTime(first.Started);
                if (left > TimeSpan.Zero)
                {
                    SetTimer(left);
                    return;
                }

                Close(first);
            }
        }
    }
}
