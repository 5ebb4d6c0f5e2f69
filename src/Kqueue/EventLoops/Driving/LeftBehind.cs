using Kqueue.EventLoops.Registrations;
using Kqueue.EventLoops.Work;

namespace Kqueue.EventLoops.Driving;

/// <summary>
/// The drivers that have lost a loop and are not back from their handlers. What comes for a registration that one of
/// them runs waits for it: a registration has one thread at a time.
/// </summary>
internal sealed class LeftBehind
{
    private readonly Lock _gate = new();

    // Under _gate, but for the look whether there is any.
    private readonly List<LoopDriver> _drivers = [];
    private volatile int _count;

    /// <summary>Whether nobody is away: as a rule. From any thread.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Room for one more, so that it can be added whatever memory there is by then.</summary>
    public void MakeRoom()
    {
        lock (_gate)
        {
            _drivers.EnsureCapacity(_drivers.Count + 1);
        }
    }

    /// <summary>A driver has lost the loop. Before the next one drives.</summary>
    public void Add(LoopDriver driver)
    {
        lock (_gate)
        {
            // It may be back before anybody has noticed that it was away.
            if (driver.Running is not null)
            {
                _drivers.Add(driver);
                _count = _drivers.Count;
            }
        }
    }

    /// <summary>A driver is back. It runs nothing any more.</summary>
    /// <returns>The events that were held for it, if any, and what its handler was told, if it was.</returns>
    public (List<KEvent>? Held, HandlerStay? Told) Remove(LoopDriver driver)
    {
        lock (_gate)
        {
            driver.Running = null;
            _drivers.Remove(driver);
            _count = _drivers.Count;
            return (driver.Held, driver.Told);
        }
    }

    /// <summary>Keeps an event for the driver that runs its registration, if one does.</summary>
    public bool TryHold(Registration registration, in KEvent kevent)
    {
        if (registration.Handler is IReentrantHandler)
        {
            return false;
        }

        lock (_gate)
        {
            if (_drivers.Find(driver => driver.Running == registration) is not { } busy)
            {
                return false;
            }

            // The last of READ and of WRITE says it all; a level filter is reported until the handler is back.
            var filter = kevent.Filter;
            if (filter is KEventFilter.Read or KEventFilter.Write)
            {
                busy.Held?.RemoveAll(held => held.Filter == filter);
            }

            (busy.Held ??= []).Add(kevent);
            return true;
        }
    }

    /// <summary>
    /// Looks at everybody who is away, and tells the handlers that have been for long. On the watch.
    /// </summary>
    /// <param name="mayJudge">Whether they had the time to come back since the last look.</param>
    /// <param name="computing">Is raised by the number of those that compute.</param>
    /// <returns>Whether somebody has to be looked at again.</returns>
    public bool Look(bool mayJudge, ref int computing)
    {
        if (IsEmpty)
        {
            return false;
        }

        var mustLookAgain = false;
        lock (_gate)
        {
            foreach (var driver in _drivers)
            {
                var computes = driver.Computes();
                computing += computes ? 1 : 0;
                if (mayJudge && driver.Told is null && ++driver.Looks >= LoopWatch.LooksMin)
                {
                    Tell(driver, computes ? HandlerStay.Computed : HandlerStay.Blocked);
                }

                mustLookAgain |= driver.Told is null || computes;
            }
        }

        return mustLookAgain;
    }

    // Not here: nothing of the application's, nor a logger, runs on the watch.
    private static void Tell(LoopDriver driver, HandlerStay stay)
    {
        driver.Told = stay;
        if (driver.Staying is { } handler)
        {
            PoolWork.Queue(static told => told.Handler.OnStayed(told.Stay), (Handler: handler, Stay: stay));
        }
    }
}
