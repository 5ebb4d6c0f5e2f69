using System.Diagnostics;
using System.Runtime.CompilerServices;
using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>The contract of kqueue(2) over epoll, eventfd and timerfd.</summary>
internal sealed class EpollKernelQueue : KernelQueue
{
    internal const string Name = "epoll";

    // The kernel's list is on the stack: at most 4 KiB. What is left over comes with the next call.
    private const int EventsPerWaitMax = 256;

    private readonly Lock _lock = new();
    private readonly EpollInstance _epoll = new();
    private readonly ActiveKnotes _active = new();
    private readonly DescriptorKnotes _descriptors;
    private readonly TimerKnotes _timers;
    private readonly UserKnotes _users;
    private readonly EpollWake _wake;

    // Whether the last event list was full before the kernel was asked, so that the kernel comes first this time.
    private bool _isKernelFirst;
    private volatile bool _isDisposed;

    public EpollKernelQueue(bool fillData)
    {
        _descriptors = new DescriptorKnotes(_epoll, _active, fillData);
        _timers = new TimerKnotes(_epoll, _active, _descriptors.Forget);
        _users = new UserKnotes(_active);
        _wake = new EpollWake(_epoll);
    }

    ~EpollKernelQueue() => Dispose(disposing: false);

    public override string BackendName => Name;

    public override KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (timeoutNs < InfiniteTimeout)
        {
            return KernelResult.Failure(Errno.EINVAL);
        }

        if (!changes.IsEmpty)
        {
            ChangeList.Validate(changes, events.Length);
            EpollTranslation.Validate(changes);
            var applied = Apply(changes, events);
            if (applied.IsError || applied.Value > 0)
            {
                return applied;
            }
        }

        return events.IsEmpty ? KernelResult.Success(0) : Wait(events, timeoutNs);
    }

    protected override void Dispose(bool disposing)
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _epoll?.Close();
        }
    }

    private KernelResult Apply(ReadOnlySpan<KEvent> changes, Span<KEvent> events)
    {
        KernelResult result;
        lock (_lock)
        {
            result = ApplyInOrder(changes, events);
        }

        if (_active.Count > 0)
        {
            _wake.Trigger();
        }

        return result;
    }

    private KernelResult ApplyInOrder(ReadOnlySpan<KEvent> changes, Span<KEvent> events)
    {
        var writer = new EventWriter(events);
        foreach (ref readonly var change in changes)
        {
            var error = ApplyOne(change);
            if (error == Errno.None && (change.Flags & KEventFlags.Receipt) == 0)
            {
                continue;
            }

            if (!writer.IsFull)
            {
                writer.Add(ChangeResult(change, error));
            }
            else if (error != Errno.None)
            {
                return KernelResult.Failure(error);
            }
        }

        return KernelResult.Success(writer.Count);
    }

    private Errno ApplyOne(in KEvent change)
    {
        const KEventFlags Contradiction = KEventFlags.Enable | KEventFlags.Disable;
        if ((change.Flags & Contradiction) == Contradiction)
        {
            return Errno.EINVAL;
        }

        return change.Filter switch
        {
            KEventFilter.Read or KEventFilter.Write => _descriptors.Apply(change),
            KEventFilter.Timer => _timers.Apply(change),
            KEventFilter.User => _users.Apply(change),
            _ => Errno.EINVAL,
        };
    }

    private static KEvent ChangeResult(in KEvent change, Errno error) => new(
        change.Ident, change.Filter, change.Flags | KEventFlags.Error, change.Notes, (long)error, change.UserData);

    // Wakes without an event (a stale one, a trigger that another call has reported) do not end the wait.
    private KernelResult Wait(Span<KEvent> events, long timeoutNs)
    {
        var started = timeoutNs > 0 ? Stopwatch.GetTimestamp() : 0;
        var remainingNs = timeoutNs;
        while (true)
        {
            var result = WaitOnce(events, remainingNs, out var isOver);
            if (isOver || timeoutNs == 0)
            {
                return result;
            }

            if (timeoutNs > 0)
            {
                remainingNs = timeoutNs - (long)Stopwatch.GetElapsedTime(started).TotalNanoseconds;
                if (remainingNs <= 0)
                {
                    return KernelResult.Success(0);
                }
            }
        }
    }

    [SkipLocalsInit]
    private unsafe KernelResult WaitOnce(Span<KEvent> events, long timeoutNs, out bool isOver)
    {
        var writer = new EventWriter(events);
        if (_active.Count > 0 && !_isKernelFirst)
        {
            ReportActive(ref writer);
        }

        isOver = true;
        _isKernelFirst = writer.IsFull;
        if (writer.IsFull)
        {
            return KernelResult.Success(writer.Count);
        }

        var capacity = Math.Min(writer.Room, EventsPerWaitMax);
        var buffer = stackalloc byte[capacity * EpollEventList.EntryBytesMax];
        var list = new EpollEventList(buffer, capacity);

        _wake.Enter();
        var mayBlock = writer.Count == 0 && _active.Count == 0;
        var waited = _epoll.Wait(list, mayBlock ? timeoutNs : 0);
        _wake.Leave();

        if (waited.IsError)
        {
            // EINTR: the changes are applied, and what was taken from the active list must not be lost.
            return waited.Error == Errno.EINTR || writer.Count > 0 ? KernelResult.Success(writer.Count) : waited;
        }

        Report(list, waited.Value, ref writer);
        isOver = writer.Count > 0 || (mayBlock && waited.Value == 0);
        return KernelResult.Success(writer.Count);
    }

    private void Report(in EpollEventList list, int count, ref EventWriter writer)
    {
        var isActiveReported = writer.Count > 0;
        if (count > 0)
        {
            lock (_lock)
            {
                _wake.Reset();
                for (var i = 0; i < count; i++)
                {
                    Report(list.DataOf(i), list.EventsOf(i), ref writer);
                }
            }
        }

        if (_active.Count > 0 && !isActiveReported)
        {
            ReportActive(ref writer);
        }
    }

    private void Report(ulong data, uint events, ref EventWriter writer)
    {
        var registration = _epoll.Find(data);
        if (registration is { IsOwn: false })
        {
            // READ before WRITE: a reader that learns of the end first does not write for nothing.
            var isWanted = Offer(registration.Read, events, ref writer);
            isWanted |= Offer(registration.Write, events, ref writer);
            if (!isWanted)
            {
                _descriptors.Quiet(registration, events);
            }
        }
        else if (registration?.Timer is { IsArmed: true } timer)
        {
            _ = Report(timer, events, ref writer);
        }
    }

    private bool Offer(Knote knote, uint events, ref EventWriter writer) =>
        knote.IsArmed && EpollTranslation.Activates(knote.Filter, events) && Report(knote, events, ref writer);

    private bool Report(Knote knote, uint events, ref EventWriter writer)
    {
        if (knote.IsActive)
        {
            return true;
        }

        if (writer.IsFull)
        {
            // epoll has spoken and will not do so again: the knote reports at the next call.
            _active.Add(knote);
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

    // Asks each knote that is active at the start once, so that one that stays active does not report twice.
    private void ReportActive(ref EventWriter writer)
    {
        lock (_lock)
        {
            for (var left = _active.Count; left > 0 && !writer.IsFull; left--)
            {
                var knote = _active.Take()!;
                if (knote.IsArmed && TryGetReadiness(knote, out var events))
                {
                    _ = Report(knote, events, ref writer);
                }
            }
        }
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
            _descriptors.Forget(knote.Registration!);
            return false;
        }

        return EpollTranslation.Activates(knote.Filter, events);
    }

    private bool TryReport(Knote knote, uint events, out KEvent reported) => knote.Filter switch
    {
        KEventFilter.User => UserKnotes.TryReport(knote, out reported),
        KEventFilter.Timer => TimerKnotes.TryReport(knote, out reported),
        _ => _descriptors.TryReport(knote, events, out reported),
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
            _active.Add(knote);
        }
    }

    private void Detach(Knote knote)
    {
        switch (knote.Filter)
        {
            case KEventFilter.User:
                _users.Detach(knote);
                break;
            case KEventFilter.Timer:
                _timers.Detach(knote);
                break;
            default:
                _descriptors.Detach(knote);
                break;
        }
    }
}
