namespace Kqueue.EventLoops;

/// <summary>
/// One thread of a group: it stands by, drives a loop until the loop is taken from it, and stands by again.
/// </summary>
internal sealed class LoopThread
{
    private readonly LoopThreads _owner;
    private readonly TimeSpan _standbyTime;
    private readonly object _gate = new();

    // Under _gate. Neither of the two is a dismissal.
    private bool _isCalled;
    private LoopDriver? _driver;
    private IThreadPoolWorkItem? _work;

    public LoopThread(LoopThreads owner, TimeSpan standbyTime)
    {
        _owner = owner;
        _standbyTime = standbyTime;
        new Thread(Run) { Name = "kqueue loop", IsBackground = true }.Start();
    }

    /// <summary>Calls a thread that the caller took: exactly one of the two is given.</summary>
    public void Assign(LoopDriver? driver, IThreadPoolWorkItem? work)
    {
        lock (_gate)
        {
            _driver = driver;
            _work = work;
            _isCalled = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Lets a thread that the caller took end.</summary>
    public void Dismiss() => Assign(driver: null, work: null);

    private void Run()
    {
        var sleep = new ThreadSleep();
        while (WaitForCall(out var driver, out var work))
        {
            if (driver is not null)
            {
                driver.Thread = sleep;
                _owner.Processors?.MoveTo(driver.Loop);
                driver.Loop.Drive(driver);
            }

            do
            {
                if (work is not null)
                {
                    _owner.Processors?.MoveAnywhere();
                    work.Execute();
                }

                if (!_owner.StandBy(this, out work))
                {
                    return;
                }
            }
            while (work is not null);
        }
    }

    /// <summary>Waits to be called; false when the thread shall end.</summary>
    private bool WaitForCall(out LoopDriver? driver, out IThreadPoolWorkItem? work)
    {
        while (true)
        {
            lock (_gate)
            {
                if (!_isCalled)
                {
                    Monitor.Wait(_gate, _standbyTime);
                }

                if (_isCalled)
                {
                    (driver, work) = (_driver, _work);
                    (_isCalled, _driver, _work) = (false, null, null);
                    return driver is not null || work is not null;
                }
            }

            // Not under the lock: whoever calls this thread may hold its owner's. If it was called just then, the
            // call is found in the next round.
            if (_owner.TryLeave(this))
            {
                (driver, work) = (null, null);
                return false;
            }
        }
    }
}
