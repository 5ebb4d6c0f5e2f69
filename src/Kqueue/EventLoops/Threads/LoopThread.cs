using Kqueue.EventLoops.Driving;

namespace Kqueue.EventLoops.Threads;

/// <summary>
/// One thread of a group: it stands by, drives a loop until the loop is taken from it, and stands by again.
/// </summary>
internal sealed class LoopThread : IStandbyThread
{
    private readonly LoopThreads _owner;
    private readonly object _gate = new();

    // Under _gate. Whoever has taken the thread calls it once.
    private bool _isCalled;
    private LoopDriver? _driver;

    public LoopThread(LoopThreads owner)
    {
        _owner = owner;

        // Whoever needs the thread may be a request, whose context it would carry for life.
        new Thread(Run) { Name = "kqueue loop", IsBackground = true }.UnsafeStart();
    }

    /// <inheritdoc/>
    public void Drive(LoopDriver driver) => Call(driver);

    /// <inheritdoc/>
    public void GiveBack() => Call(driver: null);

    private void Call(LoopDriver? driver)
    {
        lock (_gate)
        {
            (_isCalled, _driver) = (true, driver);
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        while (StandBy(out var driver))
        {
            if (driver is not null)
            {
                _owner.Processors?.MoveTo(driver.Loop);
                driver.Loop.Drive(driver);
            }

            if (!_owner.TryReturn(this))
            {
                return;
            }
        }
    }

    /// <summary>Waits to be called; false when nobody did for long, nor will.</summary>
    private bool StandBy(out LoopDriver? driver)
    {
        while (!IsCalled(out driver))
        {
            // Not under the lock: whoever calls this thread may hold its owner's.
            if (_owner.TryLeave(this))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsCalled(out LoopDriver? driver)
    {
        lock (_gate)
        {
            try
            {
                _ = _isCalled || Monitor.Wait(_gate, _owner.StandbyTime);
            }
            catch (ThreadInterruptedException)
            {
                // It was meant for a handler that was here, and came when that was done.
            }

            var isCalled = _isCalled;
            driver = _driver;
            (_isCalled, _driver) = (false, null);
            return isCalled;
        }
    }
}
