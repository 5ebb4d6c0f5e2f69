using Kqueue.Epoll.Descriptors;
using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// The epoll descriptor and the table of what is registered with it. Every registration is edge-triggered: what a
/// duplicate keeps alive behind a closed descriptor (epoll(7), Q6) then wakes a waiter once per event and not for
/// ever, and so do EPOLLHUP and EPOLLERR, which cannot be masked. Guarded by the queue's lock.
/// </summary>
internal sealed class EpollInstance
{
    private readonly int _epoll;
    private readonly bool _isPrecise;

    // What the backend watches for itself: their data has no generation.
    private readonly Dictionary<int, Action> _own = [];

    private DescriptorTable _descriptors = new([]);
    private uint _lastGeneration;

    public EpollInstance(bool isPrecise)
    {
        _isPrecise = isPrecise;
        var created = Libc.EpollCreate();
        if (created.IsError)
        {
            KernelQueueException.Throw("epoll_create1", created.Error, EpollKernelQueue.Name);
        }

        _epoll = created.Value;
    }

    /// <summary>How many descriptors the table holds, those that were closed since the last sweep included.</summary>
    public int TableLength => _descriptors.Count;

    /// <summary>Waits. The only member for use outside the queue's lock.</summary>
    public KernelResult Wait(in EpollEventList events, long timeoutNs) =>
        EpollWait.Wait(_epoll, events, timeoutNs, _isPrecise);

    /// <summary>The descriptor that an event belongs to, or null when it is stale or the backend's own.</summary>
    public Descriptor? Find(ulong data) =>
        Find((int)(uint)data) is { IsRegistered: true } found && found.Generation == (uint)(data >> 32) ? found : null;

    public Descriptor? Find(int number) => _descriptors.Find(number);

    public bool IsOwn(int number) => _own.ContainsKey(number);

    /// <summary>Watches a descriptor of the backend's, edge-triggered; it is watched until it is closed.</summary>
    public Errno WatchOwn(int number, Action onReady)
    {
        var error = Control(Libc.EPOLL_CTL_ADD, number, generation: 0, Libc.EPOLLIN | Libc.EPOLLET);
        if (error == Errno.None)
        {
            _own[number] = onReady;

            // Whatever had the number before is closed.
            Find(number)?.Forget();
        }

        return error;
    }

    public void CloseOwn(int number)
    {
        _own.Remove(number);
        _ = Libc.Close(number);
    }

    /// <summary>Lets the backend's own descriptors do their part, before events are made.</summary>
    public void RunOwn(in EpollEventList list, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (list.DataOf(i) >> 32 == 0 && _own.TryGetValue((int)list.DataOf(i), out var onReady))
            {
                onReady();
            }
        }
    }

    /// <summary>
    /// Registers with a new generation: everything of an earlier one is stale. Only what the kernel has taken enters
    /// the table, whose size therefore has the process's limit of descriptors.
    /// </summary>
    public Errno Add(Descriptor descriptor)
    {
        var isNew = Find(descriptor.Number) is null;
        if (isNew && _descriptors.IsFull)
        {
            Sweep();
        }

        descriptor.Generation = _lastGeneration = Math.Max(_lastGeneration + 1, 1);
        var error = Control(Libc.EPOLL_CTL_ADD, descriptor);
        if (error == Errno.EEXIST)
        {
            // The descriptor was closed while a duplicate kept its registration alive, and the duplicate has taken
            // the number over (epoll(7), Q6).
            error = Control(Libc.EPOLL_CTL_MOD, descriptor);
        }

        if (error != Errno.None)
        {
            descriptor.Forget();
        }
        else if (isNew)
        {
            _descriptors.Add(descriptor);
        }

        return error;
    }

    /// <summary>
    /// Asks the kernel to report for the knotes that are armed, and for nothing else. It looks at the condition again
    /// and reports it if it holds (epoll_ctl(2), EPOLL_CTL_MOD): that is what arming again means.
    /// </summary>
    public Errno Rearm(Descriptor descriptor)
    {
        var error = Control(Libc.EPOLL_CTL_MOD, descriptor);
        if (error != Errno.None)
        {
            descriptor.Forget();
        }

        return error;
    }

    /// <summary>
    /// After an event that nobody wanted: DISABLE, DISPATCH and ONESHOT take effect here first, and the kernel is only
    /// told when its answer costs a wake. A WRITE that fired stays in the kernel's mask: it comes along with the
    /// next READ for free, and alone only after a send that had no room.
    /// </summary>
    public void Quiet(Descriptor descriptor, uint events)
    {
        if (!descriptor.HasKnotes)
        {
            _ = Remove(descriptor);
        }
        else if ((events & (Libc.EPOLLIN | Libc.EPOLLRDHUP)) != 0 && descriptor.ArmedInterest != descriptor.Interest)
        {
            _ = Control(Libc.EPOLL_CTL_MOD, descriptor);
        }
    }

    public Errno Remove(Descriptor descriptor)
    {
        descriptor.Interest = 0;
        return Control(Libc.EPOLL_CTL_DEL, descriptor.Number, 0, 0);
    }

    /// <summary>
    /// Whether the number still is the descriptor that was registered: EEXIST says so and changes nothing. Another
    /// one, which the call has registered, goes again.
    /// </summary>
    public bool IsStillRegistered(Descriptor descriptor)
    {
        var error = Control(Libc.EPOLL_CTL_ADD, descriptor.Number, generation: 0, Libc.EPOLLET);
        if (error == Errno.None)
        {
            _ = Control(Libc.EPOLL_CTL_DEL, descriptor.Number, 0, 0);
        }

        // A kernel that is short of memory or of watches says nothing about it.
        return error is Errno.EEXIST or Errno.ENOSPC or Errno.ENOMEM;
    }

    public void Close()
    {
        foreach (var number in _own.Keys)
        {
            _ = Libc.Close(number);
        }

        _ = Libc.Close(_epoll);
    }

    // Nobody says when a descriptor is closed, so the table finds out when it is full: it grows with what is open and
    // not with what has been, for at most two calls per descriptor added.
    private void Sweep()
    {
        var open = Keep(_descriptors.All, static (_, descriptor) => descriptor.IsRegistered);
        if (open.Count > _descriptors.Room / 2)
        {
            open = Keep(open, static (epoll, descriptor) => epoll.IsStillRegistered(descriptor));
        }

        _descriptors = new DescriptorTable(open);
    }

    private List<Descriptor> Keep(IEnumerable<Descriptor> descriptors, Func<EpollInstance, Descriptor, bool> isOpen)
    {
        var kept = new List<Descriptor>();
        foreach (var descriptor in descriptors)
        {
            if (isOpen(this, descriptor))
            {
                kept.Add(descriptor);
            }
            else
            {
                descriptor.Forget();
            }
        }

        return kept;
    }

    private Errno Control(int operation, Descriptor descriptor)
    {
        var interest = descriptor.ArmedInterest;
        var error = Control(operation, descriptor.Number, descriptor.Generation, interest);
        descriptor.Interest = error == Errno.None ? interest : 0;
        return error;
    }

    private Errno Control(int operation, int number, uint generation, uint interest) =>
        Libc.EpollControl(_epoll, operation, number, interest, ((ulong)generation << 32) | (uint)number);
}
