using Kqueue.Epoll.Descriptors;
using Kqueue.Epoll.Filters;
using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// Turns what epoll reports and what is active into events of knotes, as kqueue_scan does. Guarded by the queue's lock.
/// </summary>
internal sealed class EventReporter(EpollInstance epoll, ActiveKnotes active)
{
    /// <summary>Reports what the kernel handed out.</summary>
    public void Report(in EpollEventList list, int count, ref EventWriter writer)
    {
        for (var i = 0; i < count; i++)
        {
            if (epoll.Find(list.DataOf(i)) is { } descriptor)
            {
                Report(descriptor, list.EventsOf(i), ref writer);
            }
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
            if (knote.IsArmed)
            {
                _ = Report(knote, hint: 0, ref writer);
            }
        }
    }

    private void Report(Descriptor descriptor, uint events, ref EventWriter writer)
    {
        // READ before WRITE: a reader that learns of the end first does not write for nothing.
        var isWanted = Offer(descriptor.Read, events, ref writer);
        isWanted |= Offer(descriptor.Write, events, ref writer);
        if (!isWanted)
        {
            epoll.Quiet(descriptor, events);
        }
    }

    private bool Offer(DescriptorKnote? knote, uint events, ref EventWriter writer) =>
        knote is { IsArmed: true } && EpollTranslation.Activates(knote.Kind, events) &&
        Report(knote, events, ref writer);

    // Whether the knote wants the event, now or at a later call.
    private bool Report(Knote knote, uint hint, ref EventWriter writer)
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

        if (!knote.Filter.TryReport(knote, hint, out var reported))
        {
            return false;
        }

        writer.Add(reported);
        Settle(knote, reported.Flags);
        return true;
    }

    // What becomes of a knote whose event was delivered: kqueue(2), EV_ONESHOT and EV_DISPATCH. A level knote stays
    // active and is asked at the next call (FreeBSD kern_event.c, kqueue_scan).
    private void Settle(Knote knote, KEventFlags flags)
    {
        if ((flags & KEventFlags.OneShot) != 0)
        {
            knote.Filter.Detach(knote);
        }
        else if ((flags & KEventFlags.Dispatch) != 0)
        {
            knote.IsEnabled = false;
        }
        else if (knote.IsLevel)
        {
            active.Add(knote);
        }
    }
}
