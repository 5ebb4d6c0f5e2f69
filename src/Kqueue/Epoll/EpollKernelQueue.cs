using Kqueue.Epoll.Descriptors;
using Kqueue.Epoll.Filters;

namespace Kqueue.Epoll;

/// <summary>The contract of kqueue(2) over epoll.</summary>
internal sealed partial class EpollKernelQueue : KernelQueue
{
    internal const string Name = "epoll";

    // The filters by their negated numbers.
    private const int FilterNumberMax = -(int)KEventFilter.User;

    private readonly Lock _lock = new();
    private readonly EpollInstance _epoll;
    private readonly ActiveKnotes _active = new();
    private readonly Filter?[] _filters = new Filter?[FilterNumberMax + 1];
    private readonly TimerFilter _timers;
    private readonly EventReporter _reporter;
    private readonly EpollWake _wake;

    /// <summary>Makes the queue.</summary>
    /// <param name="fillData">Whether to ask for the data of READ and WRITE events.</param>
    /// <param name="isPrecise">Whether to wait to the nanosecond instead of to the millisecond.</param>
    public EpollKernelQueue(bool fillData, bool isPrecise)
    {
        _epoll = new EpollInstance(isPrecise);
        _timers = new TimerFilter(_active);
        var descriptors = new DescriptorFilter(_epoll, _active, fillData);
        foreach (var (kind, filter) in (ReadOnlySpan<(KEventFilter, Filter)>)
        [
            (KEventFilter.Read, descriptors),
            (KEventFilter.Write, descriptors),
            (KEventFilter.Timer, _timers),
            (KEventFilter.User, new UserFilter(_active)),
            (KEventFilter.Process, new ProcessFilter(_epoll, _active)),
            (KEventFilter.Vnode, new VnodeFilter(_epoll, _active)),
            (KEventFilter.Signal, new SignalFilter(_active, OnSignal)),
        ])
        {
            _filters[-(int)kind] = filter;
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
        ObjectDisposedException.ThrowIf(_isDisposed, this);
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

    internal override void ForgetDescriptor(int descriptor, nint userData)
    {
        lock (_lock)
        {
            if (_epoll.Find(descriptor) is { } found &&
                (!found.HasKnotes || found.Read.UserData == userData || found.Write?.UserData == userData))
            {
                found.Forget();
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
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
}
