using System.Diagnostics;

namespace Kqueue.Epoll.Filters;

/// <summary>
/// TIMER: a heap by deadline. The earliest one shortens the wait, so a timer has no descriptor and no system call.
/// </summary>
internal sealed class TimerFilter(ActiveKnotes active) : IdentFilter<TimerKnote>(active)
{
    // Every wait asks for the earliest deadline, without the queue's lock.
    private readonly DeadlineHeap<TimerKnote> _heap = new();

    /// <summary>Whether a deadline has become the earliest: a thread that waits has to look anew.</summary>
    public bool IsEarlier { get; set; }

    /// <summary>Whether a timer is due. Also outside the queue's lock.</summary>
    public bool IsDue => _heap.Earliest is var earliest and not long.MaxValue && earliest <= Now;

    // In nanoseconds: Linux's Stopwatch is CLOCK_MONOTONIC (clock_gettime(2)).
    private static long Now => Stopwatch.GetTimestamp();

    /// <summary>How long to wait at most, given how long the caller would. Outside the queue's lock.</summary>
    public long Limit(long timeoutNs)
    {
        var earliest = _heap.Earliest;
        if (earliest == long.MaxValue || timeoutNs == 0)
        {
            return timeoutNs;
        }

        var untilNs = Math.Max(earliest - Now, 0);
        return timeoutNs < 0 ? untilNs : Math.Min(untilNs, timeoutNs);
    }

    /// <summary>Makes the knotes active that are due.</summary>
    public void ActivateDue()
    {
        while (IsDue)
        {
            var knote = _heap.First!;
            _heap.Remove(knote);
            Active.Add(knote);
        }
    }

    /// <summary>Counts the expirations since the last event, and goes on with the next one.</summary>
    public override bool TryReport(Knote knote, uint hint, out KEvent reported)
    {
        var timer = (TimerKnote)knote;
        var late = Now - timer.Deadline;
        var expirations = timer.IsOneShot ? 1 : (late / timer.PeriodNs) + 1;
        reported = knote.ToEvent(KEventFlags.None, KEventNotes.None, expirations);
        timer.Deadline += timer.IsOneShot ? 0 : expirations * timer.PeriodNs;
        if ((timer.Mode & (KEventFlags.OneShot | KEventFlags.Dispatch)) == 0)
        {
            Schedule(timer);
        }

        return true;
    }

    protected override TimerKnote Create(nint ident) => new(ident, this);

    protected override Errno Start(TimerKnote knote, in KEvent change)
    {
        // CLEAR is automatic (kqueue(2), EVFILT_TIMER), and an absolute timer fires once.
        var isAbsolute = (change.Notes & KEventNotes.Absolute) != 0;
        knote.Mode |= KEventFlags.Clear | (isAbsolute ? KEventFlags.OneShot : KEventFlags.None);
        knote.PeriodNs = Math.Max(TimerTime.NanosecondsOf(change), 1);
        var now = Now;
        knote.Deadline = knote.PeriodNs > long.MaxValue - now - 1 ? long.MaxValue - 1 : now + knote.PeriodNs;
        Schedule(knote);
        return Errno.None;
    }

    protected override void Release(TimerKnote knote) => _heap.Remove(knote);

    // A timer that is disabled goes on by the clock alone: its expirations are counted when it is enabled.
    protected override Errno Touch(TimerKnote knote, in KEvent change, bool isAdd)
    {
        base.Touch(knote, change, isAdd);
        Active.Remove(knote);
        if (isAdd)
        {
            return Start(knote, change);
        }

        Schedule(knote);
        return Errno.None;
    }

    private void Schedule(TimerKnote knote)
    {
        _heap.Remove(knote);
        if (knote.IsArmed)
        {
            _heap.Add(knote);
            IsEarlier |= _heap.First == knote;
        }
    }
}

/// <summary>A timer. A one-shot one has its time as the period.</summary>
internal sealed class TimerKnote(nint ident, Filter filter) : IdentKnote(KEventFilter.Timer, ident, filter), IDeadline
{
    /// <summary>In nanoseconds of the monotonic clock.</summary>
    public long Deadline { get; set; }

    public long PeriodNs { get; set; }

    public int HeapIndex { get; set; } = -1;
}
