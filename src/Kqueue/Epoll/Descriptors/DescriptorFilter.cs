using Kqueue.Epoll.Filters;
using Kqueue.Interop;

namespace Kqueue.Epoll.Descriptors;

/// <summary>
/// READ and WRITE. Every change costs one epoll_ctl(2), which also proves that the descriptor is the one the knotes
/// were made for; an edge costs none, a level one at the next call.
/// </summary>
internal sealed class DescriptorFilter(EpollInstance epoll, ActiveKnotes active, bool fillData) : Filter(active)
{
    public override void Validate(in KEvent change)
    {
        if (change.Filter == KEventFilter.Write && (change.Notes & KEventNotes.LowWater) != 0)
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
            return Add(descriptor ?? new Descriptor((int)change.Ident, this), change);
        }

        return descriptor is { HasKnotes: true } && descriptor.KnoteOf(change.Filter) is { IsAttached: true } knote
            ? Change(knote, change)
            : Missing((int)change.Ident);
    }

    public override bool TryReport(Knote knote, uint hint, out KEvent reported)
    {
        reported = default;
        var (source, kind) = ((DescriptorKnote)knote, knote.Kind);
        var events = hint == 0 ? Ask(source) : hint;
        if (!EpollTranslation.Activates(kind, events) ||
            (EpollTranslation.IsAmbiguous(kind, events) && !Resolve(source.Owner.Number, ref events)))
        {
            return false;
        }

        var flags = EpollTranslation.FlagsOf(kind, events);
        var data = 0;
        if ((fillData || source.LowWater >= 0) && !TryMeasure(source, (flags & KEventFlags.Eof) != 0, out data))
        {
            return false;
        }

        reported = knote.ToEvent(flags, KEventNotes.None, data);
        return true;
    }

    private static Errno Missing(int descriptor) =>
        (Libc.PollNow(descriptor, 0) & Libc.POLLNVAL) != 0 ? Errno.EBADF : Errno.ENOENT;

    private Errno Add(Descriptor descriptor, in KEvent change)
    {
        var knote = descriptor.KnoteOf(change.Filter);
        if (descriptor.IsRegistered)
        {
            knote.Attach(change);
            var rearmed = epoll.Rearm(descriptor);
            if (rearmed != Errno.ENOENT)
            {
                return rearmed;
            }
        }

        // The next descriptor of the number: what was attached belonged to the one before.
        descriptor.Forget();
        knote.Attach(change);
        return epoll.Add(descriptor);
    }

    private Errno Change(DescriptorKnote knote, in KEvent change)
    {
        knote.Touch(change);
        if ((change.Flags & KEventFlags.Delete) == 0)
        {
            return epoll.Rearm(knote.Owner);
        }

        Detach(knote);
        return knote.Owner.HasKnotes ? epoll.Rearm(knote.Owner) : epoll.Remove(knote.Owner);
    }

    // What is true of a descriptor of which epoll will not speak again. A level knote has the kernel report anew, which
    // also proves the number. Beside an edge knote that would repeat the edge: there the number is proved alone.
    private uint Ask(DescriptorKnote knote)
    {
        var descriptor = knote.Owner;
        if (!descriptor.HasEdge)
        {
            _ = epoll.Rearm(descriptor);
            return 0;
        }

        if (!epoll.IsStillRegistered(descriptor))
        {
            descriptor.Forget();
            return 0;
        }

        var wanted = knote == descriptor.Read ? Libc.EPOLLIN | Libc.EPOLLPRI : Libc.EPOLLOUT;
        return Libc.PollNow(descriptor.Number, Libc.EPOLLRDHUP | wanted);
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
    private static bool TryMeasure(DescriptorKnote knote, bool isEof, out int data)
    {
        var descriptor = knote.Owner;
        var measured = knote == descriptor.Read
            ? DescriptorData.Readable(descriptor.Number)
            : DescriptorData.Writable(descriptor.Number);
        data = measured.IsError ? 0 : measured.Value;
        if (measured.IsError)
        {
            // The descriptor is closed, and a duplicate keeps its registration: epoll_ctl(2) and epoll(7) Q6.
            descriptor.Forget();
            return false;
        }

        return isEof || data >= knote.LowWater;
    }
}
