using System.Diagnostics;
using System.Runtime.CompilerServices;
using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>The contract of kqueue(2) over epoll.</summary>
internal sealed class EpollKernelQueue : KernelQueue
{
    internal const string Name = "epoll";

    // The filters by their negated numbers.
    private const int FilterNumberMax = -(int)KEventFilter.User;

    // The kernel's list is on the stack: at most 4 KiB. What is left over comes with the next call.
    private const int EventsPerWaitMax = 256;

    private readonly Lock _lock = new();
    private readonly EpollInstance _epoll;
    private readonly ActiveKnotes _active = new();
    private readonly Filter?[] _filters = new Filter?[FilterNumberMax + 1];
    private readonly TimerFilter _timers;
    private readonly EventReporter _reporter;
    private readonly EpollWake _wake;

    // Whether the last event list was full before the kernel was asked, so that the kernel comes first this time.
    private bool _isKernelFirst;
    private int _isDisposed;

    /// <summary>Makes the queue.</summary>
    /// <param name="fillData">Whether to ask for the data of READ and WRITE events.</param>
    /// <param name="isPrecise">Whether to wait to the nanosecond instead of to the millisecond.</param>
    public EpollKernelQueue(bool fillData, bool isPrecise)
    {
        _epoll = new EpollInstance(isPrecise);
        _timers = new TimerFilter(_active);
        foreach (var filter in (ReadOnlySpan<Filter>)
        [
            new DescriptorFilter(KEventFilter.Read, _epoll, _active, fillData),
            new DescriptorFilter(KEventFilter.Write, _epoll, _active, fillData),
            _timers,
            new UserFilter(_active),
            new ProcessFilter(_epoll, _active),
            new VnodeFilter(_epoll, _active),
            new SignalFilter(_active, OnSignal),
        ])
        {
            _filters[-(int)filter.Kind] = filter;
        }

        _reporter = new EventReporter(_epoll, _active);
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

    /// <summary>How many descriptors the queue keeps something of.</summary>
    internal int TableLength => _epoll.TableLength;

    public override KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        if (timeoutNs < InfiniteTimeout)
        {
            return KernelResult.Failure(Errno.EINVAL);
        }

        if (!changes.IsEmpty)
        {
            Validate(changes, events.Length);
            var applied = Apply(changes, events);
            if (applied.IsError || applied.Value > 0)
            {
                return applied;
            }
        }

        return events.IsEmpty ? KernelResult.Success(0) : Wait(events, timeoutNs);
    }

    internal override void ForgetDescriptor(int descriptor)
    {
        lock (_lock)
        {
            _epoll.Find(descriptor)?.Forget();
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        // A finalizer gives back descriptors only: the objects are finalized in any order.
        foreach (var filter in disposing ? _filters : [])
        {
            filter?.Close();
        }

        _epoll?.Close();
    }

    private void Validate(ReadOnlySpan<KEvent> changes, int eventCapacity)
    {
        ChangeList.Validate(changes, eventCapacity);
        foreach (ref readonly var change in changes)
        {
            if (FilterOf(change) is not { } filter)
            {
                throw new PlatformNotSupportedException(
                    $"The epoll backend on Linux has no filter {change.Filter}: only a system's kqueue can have it.");
            }

            filter.Validate(change);
        }
    }

    private Filter? FilterOf(in KEvent change) =>
        (uint)-(int)change.Filter is var number and <= FilterNumberMax ? _filters[number] : null;

    private void OnSignal(SignalKnote knote)
    {
        lock (_lock)
        {
            knote.Trigger(KEventNotes.None, data: 1);
        }

        if (_active.Count > 0)
        {
            _wake.Trigger();
        }
    }

    private KernelResult Apply(ReadOnlySpan<KEvent> changes, Span<KEvent> events)
    {
        KernelResult result;
        bool isEarlier;
        lock (_lock)
        {
            _timers.IsEarlier = false;
            result = ApplyInOrder(changes, events);
            isEarlier = _timers.IsEarlier;
        }

        if (isEarlier || _active.Count > 0)
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
            var error = FilterOf(change)!.Register(change);
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
        var limitNs = mayBlock ? _timers.Limit(timeoutNs) : 0;
        var waited = _epoll.Wait(list, limitNs);
        _wake.Leave();

        if (waited.IsError)
        {
            // EINTR: the changes are applied, and what was taken from the active list must not be lost.
            return waited.Error == Errno.EINTR || writer.Count > 0 ? KernelResult.Success(writer.Count) : waited;
        }

        Report(list, waited.Value, ref writer);
        isOver = writer.Count > 0 || (waited.Value == 0 && mayBlock && limitNs == timeoutNs);
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
        if (count == 0 && _active.Count == 0 && !_timers.IsDue)
        {
            return;
        }

        lock (_lock)
        {
            _wake.Reset();
            _epoll.RunOwn(list, count);
            _timers.ActivateDue();

            // What became active meanwhile, unless the active ones had their turn; not what becomes active here.
            var activeCount = writer.Count == 0 ? _active.Count : 0;
            _reporter.Report(list, count, ref writer);
            _reporter.ReportActive(activeCount, ref writer);
        }

        // One wake is one thread's: what is left is for the next one that waits.
        if (_active.Count > 0)
        {
            _wake.Trigger();
        }
    }
}
