using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// Turns what epoll reports and what is active into events of knotes, as kqueue_scan does. Guarded by the queue's lock.
/// </summary>
internal sealed class EventReporter(
    EpollInstance epoll,
    ActiveKnotes active,
    DescriptorKnotes descriptors,
    TimerKnotes timers,
    UserKnotes users)
{
    /// <summary>Reports what the kernel handed out.</summary>
    public void Report(in EpollEventList list, int count, ref EventWriter writer)
    {
        for (var i = 0; i < count; i++)
        {
            Report(list.DataOf(i), list.EventsOf(i), ref writer);
        }
    }

    /// <summary>
    /// Asks each of the first <paramref name="count"/> active knotes once, so that one that stays active does not
    /// report twice.
    /// </summary>
    public void ReportActive(int count, ref EventWriter writer)
    {
        for (var left = count; left > 0 && !writer.IsFull && active.Take() is { } knote; left--)
        {
            if (knote.IsArmed && TryGetReadiness(knote, out var events))
            {
                _ = Report(knote, events, ref writer);
            }
        }
    }

    private void Report(ulong data, uint events, ref EventWriter writer)
    {
        var registration = epoll.Find(data);
        if (registration is { IsOwn: false })
        {
            // READ before WRITE: a reader that learns of the end first does not write for nothing.
            var isWanted = Offer(registration.Read, events, ref writer);
            isWanted |= Offer(registration.Write, events, ref writer);
            if (!isWanted)
            {
                descriptors.Quiet(registration, events);
            }
        }
        else if (registration is TimerRegistration { Timer: { IsArmed: true } timer })
        {
            _ = Report(timer, events, ref writer);
        }
    }

    private bool Offer(Knote? knote, uint events, ref EventWriter writer) =>
        knote is { IsArmed: true } && EpollTranslation.Activates(knote.Filter, events) &&
        Report(knote, events, ref writer);

    // Whether the knote wants the event, now or at a later call.
    private bool Report(Knote knote, uint events, ref EventWriter writer)
    {
        if (knote.IsActive)
        {
            return true;
        }

        if (writer.IsFull)
        {
            // epoll has spoken and will not do so again: the knote is asked at the next call.
            active.Add(knote);
            return true;
        }

        if (!TryReport(knote, events, out var reported))
        {
            return false;
        }

        writer.Add(reported);
        Settle(knote);
        return true;
    }

    private bool TryGetReadiness(Knote knote, out uint events)
    {
        events = 0;
        if (knote.Filter is KEventFilter.User or KEventFilter.Timer)
        {
            return true;
        }

        events = DescriptorKnotes.PollNow(knote);
        if ((events & Libc.POLLNVAL) != 0)
        {
            descriptors.Forget(knote.Registration!);
            return false;
        }

        return EpollTranslation.Activates(knote.Filter, events);
    }

    private bool TryReport(Knote knote, uint events, out KEvent reported) => knote.Filter switch
    {
        KEventFilter.User => UserKnotes.TryReport(knote, out reported),
        KEventFilter.Timer => TimerKnotes.TryReport(knote, out reported),
        _ => descriptors.TryReport(knote, events, out reported),
    };

    // What becomes of a knote whose event was delivered: kqueue(2), EV_ONESHOT and EV_DISPATCH. A level knote of
    // which epoll reports edges only stays active and is asked at the next call (FreeBSD kern_event.c, kqueue_scan).
    private void Settle(Knote knote)
    {
        if (knote.IsOneShot)
        {
            Detach(knote);
        }
        else if ((knote.Mode & KEventFlags.Dispatch) != 0)
        {
            knote.IsEnabled = false;
        }
        else if (knote.IsLevel && knote.Registration is not { IsLevelTriggered: true })
        {
            active.Add(knote);
        }
    }

    private void Detach(Knote knote)
    {
        switch (knote.Filter)
        {
            case KEventFilter.User:
                users.Detach(knote);
                break;
            case KEventFilter.Timer:
                timers.Detach(knote);
                break;
            default:
                descriptors.Detach(knote);
                break;
        }
    }
}
