using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// READ and WRITE. Every change costs one epoll_ctl(2), which also proves that the descriptor is the one the knotes
/// were made for; an event costs none. Guarded by the queue's lock.
/// </summary>
internal sealed class DescriptorKnotes(EpollInstance epoll, ActiveKnotes active, bool fillData)
{
    public Errno Apply(in KEvent change)
    {
        if (change.Ident is < 0 or > int.MaxValue)
        {
            return Errno.EBADF;
        }

        var registration = epoll.Find((int)change.Ident);
        if (registration is { IsOwn: true })
        {
            return Errno.EBADF;
        }

        if ((change.Flags & KEventFlags.Add) != 0)
        {
            return Add(registration ?? new Registration((int)change.Ident), change);
        }

        return registration is { HasKnotes: true } ? Change(registration, change) : Missing((int)change.Ident);
    }

    /// <summary>Forgets the knotes of a descriptor that is closed or whose number is in other hands.</summary>
    public void Forget(Registration registration)
    {
        registration.IsRegistered = false;
        DetachAll(registration);
    }

    public void Detach(Knote knote)
    {
        knote.Detach();
        active.Remove(knote);
    }

    /// <summary>Asks the kernel to report for the knotes that are armed, and for nothing else.</summary>
    public Errno Rearm(Registration registration)
    {
        var error = epoll.Modify(registration, InterestOf(registration));
        if (error != Errno.None)
        {
            Forget(registration);
        }

        return error;
    }

    /// <summary>
    /// After an event that nobody wanted: DISABLE, DISPATCH and ONESHOT take effect here first, and the kernel is only
    /// told when its answer costs a wake. A WRITE that fired stays in the kernel's mask: it comes along with the
    /// next READ for free, and alone only after a send that had no room.
    /// </summary>
    public void Quiet(Registration registration, uint events)
    {
        if (!registration.HasKnotes)
        {
            _ = epoll.Remove(registration);
        }
        else if (registration.IsLevelTriggered || (events & (Libc.EPOLLIN | Libc.EPOLLRDHUP)) != 0)
        {
            var interest = InterestOf(registration) | Libc.EPOLLET;
            if (interest != registration.Interest)
            {
                _ = epoll.Modify(registration, interest);
            }
        }
    }

    /// <summary>What poll(2) says of a knote that epoll will not speak of again.</summary>
    public static uint PollNow(Knote knote) => Libc.PollNow(
        (int)knote.Ident,
        knote.Filter == KEventFilter.Read
            ? EpollTranslation.Interest(knote.Triggering, Triggering.None) & ~Libc.EPOLLET
            : Libc.EPOLLOUT | Libc.EPOLLRDHUP);

    /// <summary>Runs the filter: whether there is something to report, and what.</summary>
    public bool TryReport(Knote knote, uint events, out KEvent reported)
    {
        reported = default;
        if (EpollTranslation.IsAmbiguous(events) && !Resolve(knote, ref events))
        {
            return false;
        }

        var flags = EpollTranslation.FlagsOf(knote.Filter, events);
        var data = 0;
        if ((fillData || HasLowWater(knote)) && !TryMeasure(knote, (flags & KEventFlags.Eof) != 0, out data))
        {
            return false;
        }

        reported = knote.ToEvent(flags, data);
        return true;
    }

    private static bool HasLowWater(Knote knote) => (knote.Notes & KEventNotes.LowWater) != 0;

    private static uint InterestOf(Registration registration) =>
        EpollTranslation.Interest(
            registration.Read?.Triggering ?? Triggering.None, registration.Write?.Triggering ?? Triggering.None);

    // See EpollTranslation.IsAmbiguous. A socket that was never connected reports nothing on a BSD (XNU
    // uipc_socket.c, socanwrite); its connect(2) is an edge of its own.
    private static bool Resolve(Knote knote, ref uint events)
    {
        var isSocket = DescriptorData.IsSocket((int)knote.Ident);
        if ((events & Libc.EPOLLHUP) != 0)
        {
            return !isSocket || (Libc.PollNow((int)knote.Ident, Libc.EPOLLRDHUP) & Libc.EPOLLRDHUP) != 0;
        }

        events |= isSocket ? 0 : Libc.EPOLLHUP;
        return true;
    }

    private static Errno Missing(int descriptor) =>
        (Libc.PollNow(descriptor, 0) & Libc.POLLNVAL) != 0 ? Errno.EBADF : Errno.ENOENT;

    private Errno Add(Registration registration, in KEvent change)
    {
        var knote = registration.KnoteOf(change.Filter);
        if (knote.IsAttached)
        {
            // Seldom a change of the knote, mostly the next descriptor of the same number, so that comes first.
            var error = Register(registration, change);
            if (error != Errno.EEXIST)
            {
                return error;
            }

            knote.Update(change);
            return Rearm(registration);
        }

        if (registration.IsRegistered)
        {
            knote.Attach(change);
            var error = Rearm(registration);
            if (error != Errno.ENOENT)
            {
                return error;
            }
        }

        return Register(registration, change);
    }

    // Registers the descriptor with this knote as its only one. EEXIST leaves everything as it is.
    private Errno Register(Registration registration, in KEvent change)
    {
        var knote = registration.KnoteOf(change.Filter);
        var error = epoll.Add(registration, EpollTranslation.Interest(
            change.Filter == KEventFilter.Read ? Knote.TriggeringOf(change) : Triggering.None,
            change.Filter == KEventFilter.Write ? Knote.TriggeringOf(change) : Triggering.None));
        if (error == Errno.EEXIST)
        {
            return error;
        }

        // Whatever is attached belonged to an earlier descriptor of the number.
        DetachAll(registration);
        if (error == Errno.None)
        {
            knote.Attach(change);
        }

        return error;
    }

    private void DetachAll(Registration registration)
    {
        DetachIfMade(registration.Read);
        DetachIfMade(registration.Write);
    }

    private void DetachIfMade(Knote? knote)
    {
        if (knote is not null)
        {
            Detach(knote);
        }
    }

    private Errno Change(Registration registration, in KEvent change)
    {
        var knote = registration.KnoteOf(change.Filter);
        if (!knote.IsAttached)
        {
            return Missing(registration.Descriptor);
        }

        knote.TakeUserData(change);
        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            return Delete(registration, knote);
        }

        if ((change.Flags & KEventFlags.Disable) != 0)
        {
            knote.IsEnabled = false;
        }
        else if ((change.Flags & KEventFlags.Enable) != 0)
        {
            knote.IsEnabled = true;
        }

        return Rearm(registration);
    }

    private Errno Delete(Registration registration, Knote knote)
    {
        Detach(knote);
        return registration.HasKnotes ? Rearm(registration) : epoll.Remove(registration);
    }

    // Whether the event stands: the descriptor is open, and a low-water mark is reached or out of reach for ever.
    private bool TryMeasure(Knote knote, bool isEof, out int data)
    {
        var measured = knote.Filter == KEventFilter.Read
            ? DescriptorData.Readable((int)knote.Ident)
            : DescriptorData.Writable((int)knote.Ident);
        data = measured.IsError ? 0 : measured.Value;
        if (measured.IsError)
        {
            // The descriptor is closed, and a duplicate keeps its registration: epoll_ctl(2) and epoll(7) Q6.
            Forget(knote.Registration!);
            return false;
        }

        return isEof || !HasLowWater(knote) || data >= knote.Data;
    }
}
