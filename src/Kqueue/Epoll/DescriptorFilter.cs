using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// READ and WRITE. Every change costs one epoll_ctl(2), which also proves that the descriptor is the one the knotes
/// were made for; an edge costs none, a level one at the next call.
/// </summary>
internal sealed class DescriptorFilter(KEventFilter kind, EpollInstance epoll, ActiveKnotes active, bool fillData)
    : Filter(kind, active)
{
    private bool IsRead => Kind == KEventFilter.Read;

    public override void Validate(in KEvent change)
    {
        if (!IsRead && (change.Notes & KEventNotes.LowWater) != 0)
        {
            // Linux speaks of a send buffer again only after a send that found no room at all.
            throw new PlatformNotSupportedException(
                "WRITE with the note LowWater is not supported by the epoll backend on Linux: leave the note out.");
        }
    }

    public override Errno Register(in KEvent change)
    {
        if (change.Ident is < 0 or > int.MaxValue || epoll.IsOwn((int)change.Ident))
        {
            return Errno.EBADF;
        }

        var descriptor = epoll.Find((int)change.Ident);
        if ((change.Flags & KEventFlags.Add) != 0)
        {
            return Add(descriptor ?? new Descriptor((int)change.Ident), change);
        }

        return descriptor is { HasKnotes: true } && descriptor.KnoteOf(this) is { IsAttached: true } knote
            ? Change(knote, change)
            : Missing((int)change.Ident);
    }

    public override bool TryReport(Knote knote, uint hint, out KEvent reported)
    {
        reported = default;
        var descriptor = ((DescriptorKnote)knote).Descriptor;
        var events = hint == 0 ? Ask(descriptor) : hint;
        if (!EpollTranslation.Activates(Kind, events) ||
            (EpollTranslation.IsAmbiguous(Kind, events) && !Resolve(descriptor.Number, ref events)))
        {
            return false;
        }

        var flags = EpollTranslation.FlagsOf(Kind, events);
        var data = 0;
        if ((fillData || HasLowWater(knote)) && !TryMeasure(knote, (flags & KEventFlags.Eof) != 0, out data))
        {
            return false;
        }

        reported = knote.ToEvent(flags, KEventNotes.None, data);
        return true;
    }

    private static bool HasLowWater(Knote knote) => (knote.Notes & KEventNotes.LowWater) != 0;

    private static Errno Missing(int descriptor) =>
        (Libc.PollNow(descriptor, 0) & Libc.POLLNVAL) != 0 ? Errno.EBADF : Errno.ENOENT;

    private Errno Add(Descriptor descriptor, in KEvent change)
    {
        var knote = descriptor.KnoteOf(this);
        if (descriptor.IsRegistered)
        {
            if (knote.IsAttached)
            {
                knote.Update(change);
            }
            else
            {
                knote.Attach(change);
            }

            var rearmed = epoll.Rearm(descriptor);
            if (rearmed != Errno.ENOENT)
            {
                return rearmed;
            }
        }

        // The next descriptor of the number: what was attached belonged to the one before.
        descriptor.Forget();
        var isEnabled = (change.Flags & KEventFlags.Disable) == 0;
        var added = epoll.Add(descriptor, EpollTranslation.Interest(IsRead && isEnabled, !IsRead && isEnabled));
        if (added == Errno.None)
        {
            knote.Attach(change);
        }

        return added;
    }

    private Errno Change(DescriptorKnote knote, in KEvent change)
    {
        knote.Touch(change);
        if ((change.Flags & KEventFlags.Delete) == 0)
        {
            return epoll.Rearm(knote.Descriptor);
        }

        Detach(knote);
        return knote.Descriptor.HasKnotes ? epoll.Rearm(knote.Descriptor) : epoll.Remove(knote.Descriptor);
    }

    // What is true of a descriptor of which epoll will not speak again. A level knote has the kernel report anew, which
    // also proves the number. Beside an edge knote that would repeat the edge: there the number is proved alone.
    private uint Ask(Descriptor descriptor)
    {
        if (descriptor.IsLevel)
        {
            _ = epoll.Rearm(descriptor);
            return 0;
        }

        if (!epoll.IsStillRegistered(descriptor))
        {
            descriptor.Forget();
            return 0;
        }

        return Libc.PollNow(
            descriptor.Number, Libc.EPOLLRDHUP | (IsRead ? Libc.EPOLLIN | Libc.EPOLLPRI : Libc.EPOLLOUT));
    }

    // See EpollTranslation.IsAmbiguous. A socket that was never connected reports nothing on a BSD (XNU
    // uipc_socket.c, socanwrite); its connect(2) is an edge of its own.
    private static bool Resolve(int descriptor, ref uint events)
    {
        var isSocket = DescriptorData.IsSocket(descriptor);
        if ((events & Libc.EPOLLHUP) != 0)
        {
            return !isSocket || (Libc.PollNow(descriptor, Libc.EPOLLRDHUP) & Libc.EPOLLRDHUP) != 0;
        }

        events |= isSocket ? 0 : Libc.EPOLLHUP;
        return true;
    }

    // Whether the event stands: the descriptor is open, and a low-water mark is reached or out of reach for ever.
    private bool TryMeasure(Knote knote, bool isEof, out int data)
    {
        var descriptor = ((DescriptorKnote)knote).Descriptor;
        var measured = IsRead
            ? DescriptorData.Readable(descriptor.Number)
            : DescriptorData.Writable(descriptor.Number);
        data = measured.IsError ? 0 : measured.Value;
        if (measured.IsError)
        {
            // The descriptor is closed, and a duplicate keeps its registration: epoll_ctl(2) and epoll(7) Q6.
            descriptor.Forget();
            return false;
        }

        return isEof || !HasLowWater(knote) || data >= knote.Data;
    }
}
