using Kqueue.EventLoops;

namespace KqueueTransport.Connections;

/// <summary>
/// A lock that a loop never waits for, because a thread may be set aside by the kernel while it has it. It is that of
/// a registration, which nobody else locks: every connection would pay for a Lock.
/// </summary>
/// <remarks>
/// Who does not get the lock leaves its marks and then tries again; who has it gives it back and then looks for marks,
/// which the loop then sees to. With a full fence between the two steps on either side, one of the two sees to them.
/// </remarks>
internal struct LoopLock
{
    private volatile LoopMarks _marks;

    /// <summary>What has been left and not taken. From any thread.</summary>
    public readonly LoopMarks Marks => _marks;

    /// <summary>Takes the lock, or leaves marks to whoever has it. Never waits.</summary>
    public bool TryEnter(Registration registration, LoopMarks marks)
    {
        if (Monitor.TryEnter(registration))
        {
            return true;
        }

        Mark(marks);
        return Monitor.TryEnter(registration);
    }

    /// <summary>Takes what was left. With the lock.</summary>
    public LoopMarks Take() =>
        _marks == LoopMarks.None ? LoopMarks.None : Interlocked.Exchange(ref _marks, LoopMarks.None);

    /// <summary>Gives the lock back, and posts the work to the loop if something was left.</summary>
    public void Leave(Registration registration, IThreadPoolWorkItem work)
    {
        Monitor.Exit(registration);
        Interlocked.MemoryBarrier();

        // Where the swap fails, others are about: who adds marks tries the lock afterwards, and who takes them has it.
        var marks = _marks;
        if (marks != LoopMarks.None && (marks & LoopMarks.Posted) == 0 &&
            Interlocked.CompareExchange(ref _marks, marks | LoopMarks.Posted, marks) == marks)
        {
            registration.Loop.Post(work);
        }
    }

    /// <summary>Leaves marks, which the next one that leaves the lock finds.</summary>
    public void Mark(LoopMarks marks)
    {
        LoopMarks seen;
        do
        {
            seen = _marks;
        }
        while (Interlocked.CompareExchange(ref _marks, (seen & ~LoopMarks.Posted) | marks, seen) != seen);
    }
}

/// <summary>
/// What the driver of a loop wants of whoever has a <see cref="LoopLock"/>. A byte, so that the lock takes no more room
/// than a reader has left beside its state.
/// </summary>
[Flags]
internal enum LoopMarks : byte
{
    None = 0,

    /// <summary>What posted work is for: a receive for the pending read.</summary>
    Receive = 1,

    /// <summary>An event was there.</summary>
    Readable = 2,

    /// <summary>The event said that a short receive is no sign of being drained.</summary>
    MoreAnnounced = 4,

    /// <summary>The event said EOF.</summary>
    Eof = 8,

    /// <summary>A canceled read has waited long enough for bytes.</summary>
    CancelDue = 16,

    /// <summary>The lock's own: work is posted to the loop that sees to the marks.</summary>
    Posted = 32,
}
