namespace Kqueue.Epoll.Filters;

/// <summary>
/// One (ident, filter) of a queue, as the kernel of a BSD keeps it. Everything here is guarded by the queue's lock.
/// </summary>
/// <param name="kind">The kind of event.</param>
/// <param name="filter">What knows of it.</param>
internal abstract class Knote(KEventFilter kind, Filter filter)
{
    /// <summary>The flags that a knote keeps and its events echo.</summary>
    public const KEventFlags ModeFlags =
        KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch | KEventFlags.Receipt;

    /// <summary>What is watched.</summary>
    public abstract nint Ident { get; }

    public KEventFilter Kind { get; } = kind;

    public Filter Filter { get; } = filter;

    /// <summary>Whether the knote exists, as a caller sees it.</summary>
    public bool IsAttached { get; private set; }

    public bool IsEnabled { get; set; }

    public KEventFlags Mode { get; set; }

    public nint UserData { get; set; }

    /// <summary>
    /// Its place in the active list, made at first use: the knotes of most connections are never in it.
    /// </summary>
    public LinkedListNode<Knote>? ActiveNode { get; set; }

    public bool IsActive => ActiveNode is { List: not null };

    public bool IsArmed => IsAttached && IsEnabled;

    /// <summary>Whether the event is reported again at every call as long as the condition holds.</summary>
    public bool IsLevel => (Mode & (KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch)) == 0;

    public bool IsOneShot => (Mode & KEventFlags.OneShot) != 0;

    /// <summary>
    /// Makes the knote, or takes over what a repeated ADD may change, and arms it. Its mode is that of creation for
    /// good (FreeBSD kern_event.c, kqueue_register).
    /// </summary>
    public virtual void Attach(in KEvent change)
    {
        Mode = IsAttached ? Mode : change.Flags & ModeFlags;
        IsAttached = true;
        UserData = change.UserData;
        IsEnabled = (change.Flags & KEventFlags.Disable) == 0;
    }

    /// <summary>
    /// Takes over what any change of an existing knote may: the user data (FreeBSD kern_event.c, kqueue_register), and
    /// whether it is enabled.
    /// </summary>
    public void Touch(in KEvent change)
    {
        UserData = change.UserData;
        if ((change.Flags & (KEventFlags.Enable | KEventFlags.Disable)) != 0)
        {
            IsEnabled = (change.Flags & KEventFlags.Enable) != 0;
        }
    }

    public void Detach()
    {
        IsAttached = false;
        IsEnabled = false;
        Filter.Active.Remove(this);
    }

    /// <summary>The event to report, with the mode echoed as a BSD does.</summary>
    public KEvent ToEvent(KEventFlags reported, KEventNotes notes, long data) =>
        new(Ident, Kind, Mode | reported, notes, data, UserData);
}
