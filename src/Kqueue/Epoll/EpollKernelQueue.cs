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
    private readonly EpollInstance _epoll;
    private readonly ActiveKnotes _active = new();
    private readonly DescriptorKnotes _descriptors;
    private readonly TimerKnotes _timers;
    private readonly UserKnotes _users;
    private readonly EventReporter _reporter;
    private readonly EpollWake _wake;

    // Whether the last event list was full before the kernel was asked, so that the kernel comes first this time.
    private bool _isKernelFirst;
    private volatile bool _isDisposed;

    /// <summary>Makes the queue.</summary>
    /// <param name="fillData">Whether to ask for the data of READ and WRITE events.</param>
    /// <param name="isPrecise">Whether to wait to the nanosecond instead of to the millisecond.</param>
    public EpollKernelQueue(bool fillData, bool isPrecise)
    {
        _epoll = new EpollInstance(isPrecise);
        _descriptors = new DescriptorKnotes(_epoll, _active, fillData);
        _timers = new TimerKnotes(_epoll, _active, _descriptors.Forget);
        _users = new UserKnotes(_active);
        _reporter = new EventReporter(_epoll, _active, _descriptors, _timers, _users);
        try
        {
            _wake = new EpollWake(_epoll);
        }
        catch (KernelQueueException)
        {
            Dispose();
            throw;
        }
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

        WakeForActive();
        return result;
    }

    private void WakeForActive()
    {
        if (_active.Count > 0)
        {
            _wake.Trigger();
        }
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

    private Errno ApplyOne(in KEvent change) => change.Filter switch
    {
        KEventFilter.Read or KEventFilter.Write => _descriptors.Apply(change),
        KEventFilter.Timer => _timers.Apply(change),
        KEventFilter.User => _users.Apply(change),
        _ => Errno.EINVAL,
    };

    private static KEvent ChangeResult(in KEvent change, Errno error) => new(
        change.Ident,
        change.Filter,
        (change.Flags & Knote.ModeFlags) | KEventFlags.Error,
        KEventNotes.None,
        (long)error,
        change.UserData);

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
        ReportActiveFirst(ref writer);
        isOver = true;
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

    private void ReportActiveFirst(ref EventWriter writer)
    {
        if (_active.Count > 0 && !_isKernelFirst)
        {
            lock (_lock)
            {
                _reporter.ReportActive(_active.Count, ref writer);
            }
        }

        _isKernelFirst = writer.IsFull;
    }

    private void Report(in EpollEventList list, int count, ref EventWriter writer)
    {
        if (count == 0 && _active.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            _wake.Reset();

            // What became active meanwhile, unless the active ones had their turn; not what becomes active here.
            var activeCount = writer.Count == 0 ? _active.Count : 0;
            _reporter.Report(list, count, ref writer);
            _reporter.ReportActive(activeCount, ref writer);
        }

        // One wake is one thread's: what is left is for the next one that waits.
        WakeForActive();
    }
}
