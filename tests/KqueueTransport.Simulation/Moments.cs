using Kqueue.EventLoops;
using Kqueue.EventLoops.Work;
using KqueueTransport.Simulation.Actors;

namespace KqueueTransport.Simulation;

/// <summary>
/// Places inside of a loop where anything may happen, no lock being held: with the list of a turn filled and the turn
/// not begun, and between the claim of the turn's last entry and its handler. A loop that tells how long entries wait
/// calls others there.
/// </summary>
internal sealed class Moments(Scheduler scheduler, Random random) : IQueueDelays
{
    public bool IsWanted
    {
        get
        {
            scheduler.Yield();
            return true;
        }
    }

    // Long enough for a hand-over now and then: a run shall end.
    public void Add(EventLoop loop, TimeSpan delay) => scheduler.Stall(random.Next(32) == 0 ? 100 : 0);
}
