using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Work;

namespace Kqueue.EventLoops;

// How long events and posted work wait for the loop. The kernel does not say when an event became ready, so this is the
// longest that it can have been, of the entry that waits longest: the last one of a turn. One reading of the clock for
// each turn, while somebody listens.
public sealed partial class EventLoop
{
    private const int NoEntry = -1;

    private IQueueDelays? _queueDelays;

    // The driver's own, and hints to one that has lost the loop: the last entry of the turn that somebody waits for,
    // where it is measured, and since when it may have been ready.
    private int _measuredEntry = NoEntry;
    private long _readySince;

    /// <summary>Who is told how long entries wait; null where nobody is. May be set while the loop runs.</summary>
    internal IQueueDelays? QueueDelays
    {
        get => Volatile.Read(ref _queueDelays);
        set => Volatile.Write(ref _queueDelays, value);
    }

    /// <summary>A wait is over, and the list of the turn is filled.</summary>
    /// <param name="readySince">
    /// When the kernel was asked last before the list was taken; now where the loop has slept, which an entry ends at
    /// once.
    /// </param>
    private void BeginDelay(long readySince) => (_measuredEntry, _readySince) = QueueDelays is { IsWanted: true }
        ? (_workCount + _eventCount - 1, readySince)
        : (NoEntry, 0);

    // Before the claim: then the turn is the one that the entry is of, if the claim succeeds.
    private long DelayTo(ClaimWord word) =>
        word.Event == _measuredEntry ? _clock.GetTimestamp() - _readySince : NoEntry;

    private void TellDelay(long delay)
    {
        if (delay == NoEntry)
        {
            return;
        }

        try
        {
            QueueDelays?.Add(this, _clock.GetElapsedTime(0, delay));
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            Tell(exception);
        }
    }
}
