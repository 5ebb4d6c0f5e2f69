using Kqueue;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>
/// A kernel queue by the contract, and no better than that: it reports late, in any order, a part only, twice, for
/// nothing, or for a registration that has gone.
/// </summary>
internal sealed class SimulatedQueue : KernelQueue
{
    private const int RememberedEventsMax = 8;

    private static readonly TimeSpan s_callDuration = TimeSpan.FromMicroseconds(1);

    private readonly SimulatedKernel _kernel;
    private readonly List<Knote> _knotes = [];
    private readonly List<KEvent> _remembered = [];
    private bool _isDisposed;

    public SimulatedQueue(SimulatedKernel kernel)
    {
        _kernel = kernel;
        kernel.Queues.Add(this);
    }

    public override string BackendName => "simulation";

    /// <summary>When the wait ends that is under way.</summary>
    public TimeSpan Deadline { get; private set; } = TimeSpan.MaxValue;

    private bool HasActive => _knotes.Exists(knote => knote.IsActive);

    public override KernelResult TryKevent(ReadOnlySpan<KEvent> changes, Span<KEvent> events, long timeoutNs)
    {
        if (_isDisposed)
        {
            _kernel.Violation("A queue is used after its disposal.");
            return KernelResult.Failure(Errno.EBADF);
        }

        foreach (ref readonly var change in changes)
        {
            var error = Apply(change);
            if (error != Errno.None)
            {
                return KernelResult.Failure(error);
            }
        }

        if (events.IsEmpty)
        {
            return KernelResult.Success(0);
        }

        _kernel.Scheduler.Yield();
        if (timeoutNs == 0 && !HasActive)
        {
            // The call takes its time and makes nothing up, or whoever asks for a while would never come to its end.
            _kernel.Clock.PassTo(_kernel.Clock.Now + s_callDuration);
            return KernelResult.Success(0);
        }

        Wait(timeoutNs);
        return KernelResult.Success(_kernel.Faults.Strikes(Fault.WaitWithoutEvents) ? 0 : Report(events));
    }

    public void Activate(nint ident, KEventFilter filter)
    {
        if (_knotes.Find(knote => knote.Ident == ident && knote.Filter == filter) is { } knote)
        {
            knote.IsActive = true;
        }
    }

    /// <summary>A descriptor was closed: its knotes go with it.</summary>
    public void Forget(int descriptor) =>
        _knotes.RemoveAll(knote => knote.Ident == descriptor && knote.Filter != KEventFilter.User);

    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        _kernel.Queues.Remove(this);
    }

    private void Wait(long timeoutNs)
    {
        if (HasActive)
        {
            return;
        }

        Deadline = timeoutNs < 0
            ? TimeSpan.MaxValue
            : _kernel.Clock.Now + TimeSpan.FromTicks((timeoutNs + 99) / 100);
        _kernel.Scheduler.WaitUntil(() => HasActive || _kernel.Clock.Now >= Deadline);
        Deadline = TimeSpan.MaxValue;
    }

    private Errno Apply(in KEvent change)
    {
        var (ident, filter) = (change.Ident, change.Filter);
        var knote = _knotes.Find(knote => knote.Ident == ident && knote.Filter == filter);
        if (filter != KEventFilter.User && _kernel.Find((int)ident) is null)
        {
            _kernel.Violation($"{filter} is changed on descriptor {ident}, which is closed.");
            return Errno.EBADF;
        }

        if ((change.Flags & KEventFlags.Delete) != 0)
        {
            return knote is not null && _knotes.Remove(knote) ? Errno.None : Errno.ENOENT;
        }

        if ((change.Flags & KEventFlags.Add) != 0)
        {
            // The kernel needs memory for a knote that is new.
            if (knote is null && _kernel.Find((int)ident) is SimulatedConnection connection &&
                _kernel.Faults.Strikes(Fault.ArmFailed))
            {
                connection.IsBroken = true;
                return Errno.ENOMEM;
            }

            if (knote is null)
            {
                knote = new Knote(ident, filter, change.Flags);
                _knotes.Add(knote);
            }

            knote.UserData = change.UserData;
            knote.IsActive |= IsTrue(knote);
        }

        if ((change.Notes & KEventNotes.Trigger) != 0)
        {
            knote!.IsActive = true;
        }

        return knote is null ? Errno.ENOENT : Errno.None;
    }

    private bool IsTrue(Knote knote) => _kernel.Find((int)knote.Ident) switch
    {
        SimulatedListener listener => listener.Backlog.Count > 0,
        SimulatedConnection connection when knote.Filter == KEventFilter.Read => connection.IsReadable,
        SimulatedConnection connection when knote.Filter == KEventFilter.Write => connection.IsWritable,
        SimulatedProbe probe => probe.IsReadable,
        _ => false,
    };

    private int Report(Span<KEvent> events)
    {
        var active = _knotes.FindAll(knote => knote.IsActive).ToArray();
        _kernel.Random.Shuffle(active);
        var most = Math.Min(active.Length, events.Length);
        if (most > 1 && _kernel.Faults.Strikes(Fault.PartOfTheEvents))
        {
            most = _kernel.Random.Next(1, most);
        }

        var count = 0;
        for (var i = 0; i < most && count < events.Length; i++)
        {
            var kevent = Deliver(active[i]);
            events[count++] = kevent;
            if (count < events.Length && _kernel.Faults.Strikes(Fault.DuplicateEvent))
            {
                events[count++] = kevent;
            }
        }

        return AddUnfounded(events, count);
    }

    private int AddUnfounded(Span<KEvent> events, int count)
    {
        if (count < events.Length && _remembered.Count > 0 && _kernel.Faults.Strikes(Fault.StaleEvent))
        {
            // Its registration may have gone, and its descriptor may be somebody else's.
            events[count++] = _remembered[_kernel.Random.Next(_remembered.Count)];
        }

        if (count < events.Length && _knotes.Count > 0 && _kernel.Faults.Strikes(Fault.SpuriousEvent))
        {
            var knote = _knotes[_kernel.Random.Next(_knotes.Count)];
            events[count++] = EventOf(knote);
        }

        return count;
    }

    private KEvent Deliver(Knote knote)
    {
        var kevent = EventOf(knote);
        if (knote.IsOneShot)
        {
            _knotes.Remove(knote);
        }

        knote.IsActive = !knote.IsClear && IsTrue(knote);
        if (_remembered.Count == RememberedEventsMax)
        {
            _remembered.RemoveAt(0);
        }

        _remembered.Add(kevent);
        return kevent;
    }

    // A probe's data tells whose event it is, so that the probe can say whether it is the right one.
    private KEvent EventOf(Knote knote)
    {
        var owner = knote.Filter == KEventFilter.User ? null : _kernel.Find((int)knote.Ident);
        var (flags, data) = owner switch
        {
            SimulatedConnection connection => (connection.FlagsOf(knote.Filter), connection.DataOf(knote.Filter)),
            SimulatedProbe probe => (KEventFlags.None, probe.Id),
            _ => (KEventFlags.None, 0),
        };
        return new KEvent(knote.Ident, knote.Filter, flags, data: data, userData: knote.UserData);
    }
}
