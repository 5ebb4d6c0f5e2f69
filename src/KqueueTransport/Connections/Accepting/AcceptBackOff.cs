using Kqueue.EventLoops;

namespace KqueueTransport.Connections.Accepting;

/// <summary>
/// A short time in which an acceptor leaves its listen socket alone, because the next accept would fail like the last:
/// nobody tells when that is over. The acceptor's.
/// </summary>
internal sealed class AcceptBackOff
{
    private readonly Action _over;

    // Made with the acceptor: it is set where there may be no memory for one.
    private readonly LoopTimer _timer;

    // Set under the acceptor's lock; the timer clears it.
    private volatile bool _isOn;

    /// <param name="loop">The acceptor's.</param>
    /// <param name="over">Tries again, on the loop.</param>
    public AcceptBackOff(EventLoop loop, Action over)
    {
        _over = over;
        _timer = loop.Schedule(Timeout.InfiniteTimeSpan, static state => ((AcceptBackOff)state!).End(), this);
    }

    public bool IsOn => _isOn;

    public void Begin()
    {
        _isOn = true;
        try
        {
            _timer.Change(Times.Retry, TimeSpan.Zero);
        }
        catch
        {
            // No memory for its place among the timers: the edge of the next connection tries again.
            _isOn = false;
            throw;
        }
    }

    /// <summary>Calls it off, for good: the acceptor stops.</summary>
    public void Stop() => _timer.Dispose();

    private void End()
    {
        _isOn = false;
        _over();
    }
}
