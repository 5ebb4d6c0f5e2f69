namespace Kqueue.Epoll;

/// <summary>USER: knotes that live in this process alone. Guarded by the queue's lock.</summary>
internal sealed class UserKnotes(ActiveKnotes active)
{
    private readonly Dictionary<nint, Knote> _knotes = [];

    public Errno Apply(in KEvent change)
    {
        if (!_knotes.TryGetValue(change.Ident, out var knote))
        {
            return (change.Flags & KEventFlags.Add) != 0 ? Add(change) : Errno.ENOENT;
        }

        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            Detach(knote);
            return Errno.None;
        }

        Touch(knote, change);
        return Errno.None;
    }

    public void Detach(Knote knote)
    {
        knote.Detach();
        active.Remove(knote);
        _knotes.Remove(knote.Ident);
    }

    /// <summary>Runs the filter. CLEAR takes the trigger back with the event.</summary>
    public static bool TryReport(Knote knote, out KEvent reported)
    {
        reported = knote.ToEvent(KEventFlags.None, knote.Data);
        var isTriggered = knote.IsTriggered;
        knote.IsTriggered = isTriggered && (knote.Mode & KEventFlags.Clear) == 0;
        return isTriggered;
    }

    // A trigger in the change that makes the knote is lost, as on FreeBSD: the notes are zeroed before the knote is
    // attached (kern_event.c, kqueue_register and filt_userattach).
    private Errno Add(in KEvent change)
    {
        var knote = new Knote(change.Ident, KEventFilter.User);
        knote.Attach(change);
        _knotes.Add(change.Ident, knote);
        return Errno.None;
    }

    // The order is that of FreeBSD kern_event.c, filt_usertouch: CLEAR in a change takes back a trigger that waits,
    // the one in the same change included.
    private void Touch(Knote knote, in KEvent change)
    {
        knote.TakeUserData(change, withData: true);
        if ((change.Notes & KEventNotes.Trigger) != 0)
        {
            knote.IsTriggered = true;
        }

        if ((change.Flags & KEventFlags.Clear) != 0)
        {
            knote.IsTriggered = false;
        }

        if ((change.Flags & KEventFlags.Disable) != 0)
        {
            knote.IsEnabled = false;
        }
        else if ((change.Flags & (KEventFlags.Enable | KEventFlags.Add)) != 0)
        {
            knote.IsEnabled = true;
        }

        if (knote.IsTriggered && knote.IsEnabled)
        {
            active.Add(knote);
        }
    }
}
