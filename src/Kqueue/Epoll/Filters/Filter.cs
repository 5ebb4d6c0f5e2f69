namespace Kqueue.Epoll.Filters;

/// <summary>
/// One kind of event, and all that the queue knows of it: what <c>struct filterops</c> is to a BSD kernel
/// (FreeBSD sys/event.h). Everything here is guarded by the queue's lock.
/// </summary>
internal abstract class Filter(ActiveKnotes active)
{
    public ActiveKnotes Active { get; } = active;

    /// <summary>Refuses what the filter cannot do here, before any change is applied.</summary>
    public virtual void Validate(in KEvent change)
    {
    }

    /// <summary>Applies a change: makes a knote, changes it or removes it (kern_event.c, kqueue_register).</summary>
    public abstract Errno Register(in KEvent change);

    /// <summary>Runs the filter: whether there is something to report, and what (<c>f_event</c>).</summary>
    /// <param name="knote">A knote that is armed.</param>
    /// <param name="hint">What epoll has just said of it; 0 where the filter has to find out.</param>
    /// <param name="reported">The event.</param>
    public abstract bool TryReport(Knote knote, uint hint, out KEvent reported);

    /// <summary>Removes a knote (<c>f_detach</c>).</summary>
    public virtual void Detach(Knote knote) => knote.Detach();

    /// <summary>Gives back what the filter has of the system.</summary>
    public virtual void Close()
    {
    }
}
