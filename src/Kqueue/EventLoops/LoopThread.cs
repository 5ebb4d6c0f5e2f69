namespace Kqueue.EventLoops;

/// <summary>
/// One thread of a group: it stands by, drives a loop until the loop is taken from it, and stands by again.
/// </summary>
internal sealed class LoopThread : IStandbyThread
{
    private readonly LoopThreads _owner;
    private readonly TimeSpan _standbyTime;
    private readonly object _gate = new();

    // Under _gate. Called without a driver is dismissed.
    private bool _isCalled;
    private LoopDriver? _driver;

    public LoopThread(LoopThreads owner, TimeSpan standbyTime)
    {
        _owner = owner;
        _standbyTime = standbyTime;

        // Whoever needs the thread may be a request, whose context it would carry for life.
        new Thread(Run) { Name = "kqueue loop", IsBackground = true }.UnsafeStart();
    }

    /// <inheritdoc/>
    public void Drive(LoopDriver driver) => Call(driver);

    /// <inheritdoc/>
    public void GiveBack()
    {
        if (!_owner.TryReturn(this))
        {
            Dismiss();
        }
    }

    /// <summary>Lets the thread end.</summary>
    public void Dismiss() => Call(driver: null);

    private void Call(LoopDriver? driver)
    {
        lock (_gate)
        {
            _driver = driver;
            _isCalled = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (Next() is { } driver)
        {
            _owner.Processors?.MoveTo(driver.Loop);
            driver.Loop.Drive(driver);
            if (!_owner.TryReturn(this))
            {
                return;
            }
        }
    }

    private void StandBy()
    {
        try
        {
            Monitor.Wait(_gate, _standbyTime);
        }
        catch (ThreadInterruptedException)
        {
            // It was meant for a handler that was here, and came when that was done.
        }
    }

    /// <summary>Waits to be called; null when the thread shall end.</summary>
    private LoopDriver? Next()
    {
        while (true)
        {
            lock (_gate)
            {
                if (!_isCalled)
                {
                    StandBy();
                }

                if (_isCalled)
                {
                    var driver = _driver;
                    (_isCalled, _driver) = (false, null);
                    return driver;
                }
            }

            // Not under the lock: whoever calls this thread may hold its owner's. If it was called just then, the
            // call is found in the next round.
            if (_owner.TryLeave(this))
            {
                return null;
            }
        }
    }
}
