using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>The epoll descriptor and the table of what is registered with it, by descriptor number.</summary>
internal sealed class EpollInstance
{
    private readonly int _descriptor;
    private readonly bool _isPrecise;
    private readonly PagedTable<Registration> _registrations = new();
    private uint _lastGeneration;

    public EpollInstance(bool isPrecise)
    {
        _isPrecise = isPrecise;
        var created = Libc.EpollCreate();
        if (created.IsError)
        {
            KernelQueueException.Throw("epoll_create1", created.Error, EpollKernelQueue.Name);
        }

        _descriptor = created.Value;
    }

    /// <summary>Waits. The only member for use outside the queue's lock.</summary>
    public KernelResult Wait(in EpollEventList events, long timeoutNs) =>
        EpollWait.Wait(_descriptor, events, timeoutNs, _isPrecise);

    /// <summary>The registration that an event belongs to, or null when it is stale.</summary>
    public Registration? Find(ulong data)
    {
        var registration = Find((int)(uint)data);
        return registration is { IsRegistered: true } && registration.Generation == (uint)(data >> 32)
            ? registration
            : null;
    }

    public Registration? Find(int descriptor) => _registrations.Find(descriptor);

    /// <summary>
    /// Registers with a new generation: everything of an earlier one is stale. EEXIST leaves the registration as it is.
    /// Only what the kernel has taken enters the table, whose size therefore has the process's limit of descriptors.
    /// </summary>
    public Errno Add(Registration registration, uint interest)
    {
        var generation = _lastGeneration + 1;
        var error = Control(Libc.EPOLL_CTL_ADD, registration.Descriptor, generation, interest);
        if (error == Errno.EEXIST && !registration.IsRegistered)
        {
            // The descriptor was closed while a duplicate kept its registration alive, and the duplicate has taken
            // the number over (epoll(7), Q6).
            error = Control(Libc.EPOLL_CTL_MOD, registration.Descriptor, generation, interest);
        }

        if (error != Errno.EEXIST)
        {
            _lastGeneration = generation;
            registration.Generation = generation;
            registration.Interest = interest;
            registration.IsRegistered = error == Errno.None;
        }

        if (error == Errno.None)
        {
            _registrations.Set(registration.Descriptor, registration);
        }

        return error;
    }

    /// <summary>
    /// Asks for something else. The kernel looks at the condition again and reports it if it holds, also
    /// edge-triggered (epoll_ctl(2), EPOLL_CTL_MOD): that is what arming again means.
    /// </summary>
    public Errno Modify(Registration registration, uint interest)
    {
        var error = Control(Libc.EPOLL_CTL_MOD, registration.Descriptor, registration.Generation, interest);
        registration.Interest = interest;
        registration.IsRegistered = error == Errno.None;
        return error;
    }

    public Errno Remove(Registration registration)
    {
        registration.IsRegistered = false;
        return Control(Libc.EPOLL_CTL_DEL, registration.Descriptor, 0, 0);
    }

    /// <summary>Takes a registration out of the table, whose descriptor is about to be closed.</summary>
    public void Displace(Registration registration)
    {
        registration.IsRegistered = false;
        if (Find(registration.Descriptor) == registration)
        {
            _registrations.Set(registration.Descriptor, null);
        }
    }

    public void Close()
    {
        foreach (var registration in _registrations.All().Where(registration => registration.IsOwn))
        {
            _ = Libc.Close(registration.Descriptor);
        }

        _ = Libc.Close(_descriptor);
    }

    private Errno Control(int operation, int descriptor, uint generation, uint interest) =>
        Libc.EpollControl(_descriptor, operation, descriptor, interest, ((ulong)generation << 32) | (uint)descriptor);
}
