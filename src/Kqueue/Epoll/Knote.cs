namespace Kqueue.Epoll;

/// <summary>
/// One (ident, filter) of a queue, as the kernel of a BSD keeps it. The object stays with its descriptor when the
/// knote goes, so that arming it again allocates nothing. Everything here is guarded by the queue's lock.
/// </summary>
/// <param name="ident">What is watched.</param>
/// <param name="filter">The kind of event.</param>
/// <param name="registration">The epoll registration behind READ, WRITE and TIMER; null for USER.</param>
internal sealed class Knote(nint ident, KEventFilter filter, Registration? registration = null)
{
    /// <summary>The flags that a knote keeps and its events echo.</summary>
    public const KEventFlags ModeFlags =
        KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch | KEventFlags.Receipt;

    private const KEventFlags EdgeFlags = KEventFlags.OneShot | KEventFlags.Clear | KEventFlags.Dispatch;

    public nint Ident { get; } = ident;

    public KEventFilter Filter { get; } = filter;

    public Registration? Registration { get; } = registration;

    /// <summary>Whether the knote exists, as a caller sees it.</summary>
    public bool IsAttached { get; private set; }

    public bool IsEnabled { get; set; }

    /// <summary>USER only: whether it was triggered and not yet cleared.</summary>
    public bool IsTriggered { get; set; }

    public KEventFlags Mode { get; private set; }

    public KEventNotes Notes { get; private set; }

    public long Data { get; private set; }

    public nint UserData { get; private set; }

    /// <summary>
    /// Its place in the active list, made at first use: the knotes of most connections are never in it.
    /// </summary>
    public LinkedListNode<Knote>? ActiveNode { get; set; }

    public bool IsActive => ActiveNode is { List: not null };

    public bool IsArmed => IsAttached && IsEnabled;

    /// <summary>Whether the event is reported again at every call as long as the condition holds.</summary>
    public bool IsLevel => (Mode & EdgeFlags) == 0;

    public bool IsOneShot => (Mode & KEventFlags.OneShot) != 0;

    /// <summary>
    /// How epoll has to report for this knote. A low-water mark counts as edge: a level registration would not let the
    /// waiter sleep as long as fewer bytes are in.
    /// </summary>
    public Triggering Triggering => TriggeringOf(IsArmed, Mode, Notes);

    /// <summary>What <see cref="Triggering"/> is for the knote that a change makes.</summary>
    public static Triggering TriggeringOf(in KEvent change) =>
        TriggeringOf((change.Flags & KEventFlags.Disable) == 0, change.Flags, change.Notes);

    /// <summary>
    /// Makes the knote. Its mode is that of creation for good (FreeBSD kern_event.c, kqueue_register).
    /// </summary>
    public void Attach(in KEvent change, KEventFlags impliedMode = KEventFlags.None)
    {
        IsAttached = true;
        IsTriggered = false;
        Mode = (change.Flags & ModeFlags) | impliedMode;
        Update(change);
    }

    /// <summary>Takes over what a repeated ADD may change, and re-arms.</summary>
    public void Update(in KEvent change)
    {
        Notes = change.Notes;
        Data = change.Data;
        UserData = change.UserData;
        IsEnabled = (change.Flags & KEventFlags.Disable) == 0;
    }

    /// <summary>
    /// Takes over the user data, as every change of an existing knote does (FreeBSD kern_event.c, kqueue_register).
    /// </summary>
    public void TakeUserData(in KEvent change, bool withData = false)
    {
        UserData = change.UserData;
        Data = withData ? change.Data : Data;
    }

    public void Detach()
    {
        IsAttached = false;
        IsEnabled = false;
    }

    private static Triggering TriggeringOf(bool isArmed, KEventFlags mode, KEventNotes notes) =>
        !isArmed ? Triggering.None
        : (mode & EdgeFlags) != 0 || (notes & KEventNotes.LowWater) != 0 ? Triggering.Edge
        : Triggering.Level;

    /// <summary>The event to report, with the mode echoed as a BSD does.</summary>
    public KEvent ToEvent(KEventFlags reported, long data) =>
        new(Ident, Filter, Mode | reported, KEventNotes.None, data, UserData);
}
