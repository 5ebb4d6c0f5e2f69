namespace Kqueue.Epoll.Filters;

/// <summary>USER: knotes that live in this process alone.</summary>
internal sealed class UserFilter(ActiveKnotes active) : IdentFilter<IdentKnote>(active)
{
    protected override IdentKnote Create(nint ident) => new(KEventFilter.User, ident, this);

    // A trigger in the change that makes the knote is lost, as on FreeBSD: the notes are zeroed before the knote is
    // attached (kern_event.c, kqueue_register and filt_userattach).
    protected override Errno Start(IdentKnote knote, in KEvent change)
    {
        (knote.FiredNotes, knote.FiredData) = (change.Notes & KEventNotes.UserFlags, change.Data);
        return Errno.None;
    }

    // The order is that of FreeBSD kern_event.c, filt_usertouch: CLEAR in a change takes back a trigger that waits,
    // the one in the same change included.
    protected override Errno Touch(IdentKnote knote, in KEvent change, bool isAdd)
    {
        knote.Touch(change);
        knote.IsEnabled |= isAdd && (change.Flags & KEventFlags.Disable) == 0;
        var flags = change.Notes & KEventNotes.UserFlags;
        knote.FiredNotes = (change.Notes & KEventNotes.UserCopy) switch
        {
            KEventNotes.UserAnd => knote.FiredNotes & flags,
            KEventNotes.UserOr => knote.FiredNotes | flags,
            KEventNotes.UserCopy => flags,
            _ => knote.FiredNotes,
        };
        knote.FiredData = change.Data;
        knote.IsTriggered |= (change.Notes & KEventNotes.Trigger) != 0;
        knote.IsTriggered &= (change.Flags & KEventFlags.Clear) == 0;
        return Errno.None;
    }
}
