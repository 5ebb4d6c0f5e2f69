using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>TIMER: one timerfd per knote. Guarded by the queue's lock.</summary>
internal sealed class TimerKnotes(EpollInstance epoll, ActiveKnotes active, Action<Registration> forget)
{
    private readonly Dictionary<nint, Knote> _knotes = [];

    public Errno Apply(in KEvent change)
    {
        var isAdd = (change.Flags & KEventFlags.Add) != 0;
        if (!_knotes.TryGetValue(change.Ident, out var knote))
        {
            return isAdd ? Add(change) : Errno.ENOENT;
        }

        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            Detach(knote);
            return Errno.None;
        }

        if (isAdd && TimerTranslation.IsAbsolute(change) != TimerTranslation.IsAbsolute(knote.Notes))
        {
            // Another clock is another timerfd.
            Detach(knote);
            return Add(change);
        }

        return Change(knote, change, isAdd);
    }

    public void Detach(Knote knote)
    {
        var registration = knote.Registration!;
        knote.Detach();
        active.Remove(knote);
        _knotes.Remove(knote.Ident);
        epoll.Displace(registration);
        _ = Libc.Close(registration.Descriptor);
    }

    /// <summary>Runs the filter: takes the expirations since the last event.</summary>
    public static bool TryReport(Knote knote, out KEvent reported)
    {
        // EAGAIN: set anew since it expired.
        var error = Libc.ReadCounter(knote.Registration!.Descriptor, out var expirations);
        reported = knote.ToEvent(KEventFlags.None, (long)expirations);
        return error == Errno.None;
    }

    private static Errno Set(Knote knote) => Libc.TimerDescriptorSet(
        knote.Registration!.Descriptor,
        TimerTranslation.IsAbsolute(knote.Notes),
        TimerTranslation.SettingOf(knote.Data, knote.Notes, knote.IsOneShot));

    private static uint InterestOf(bool isArmed) => Libc.EPOLLET | (isArmed ? Libc.EPOLLIN : 0);

    private Errno Add(in KEvent change)
    {
        var created = Libc.TimerDescriptorCreate(
            TimerTranslation.IsAbsolute(change) ? Libc.CLOCK_REALTIME : Libc.CLOCK_MONOTONIC);
        if (created.IsError)
        {
            return created.Error;
        }

        if (epoll.Find(created.Value) is { } former)
        {
            forget(former);
        }

        var registration = new TimerRegistration(created.Value, change.Ident);
        var knote = registration.Timer;
        knote.Attach(change, TimerTranslation.ImpliedMode(change));
        _knotes.Add(change.Ident, knote);

        var error = epoll.Add(registration, InterestOf(knote.IsArmed));
        error = error == Errno.None ? Set(knote) : error;
        if (error != Errno.None)
        {
            Detach(knote);
        }

        return error;
    }

    private Errno Change(Knote knote, in KEvent change, bool isAdd)
    {
        knote.TakeUserData(change);
        if (isAdd)
        {
            knote.Update(change);
            var error = Set(knote);
            if (error != Errno.None)
            {
                return error;
            }
        }
        else if ((change.Flags & (KEventFlags.Enable | KEventFlags.Disable)) != 0)
        {
            knote.IsEnabled = (change.Flags & KEventFlags.Enable) != 0;
        }

        return epoll.Modify(knote.Registration!, InterestOf(knote.IsArmed));
    }
}
