using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// Makes a thread leave epoll_wait(2) because a knote became active that epoll does not know. Costs a system call only
/// while a thread waits, and one for many triggers.
/// </summary>
/// <remarks>
/// A trigger is never lost: the trigger (1) adds to the active list, (2) looks for a waiter; the waiter (a) announces
/// itself, (b) looks at the active list, (c) waits. A full fence stands between 1 and 2 and between a and b, so either
/// 2 sees the waiter or b sees the knote.
/// </remarks>
internal sealed class EpollWake
{
    private readonly int _descriptor;
    private int _waiting;
    private volatile bool _isTriggered;

    public EpollWake(EpollInstance epoll)
    {
        var created = Libc.EventDescriptorCreate();
        if (created.IsError)
        {
            KernelQueueException.Throw("eventfd", created.Error, EpollKernelQueue.Name);
        }

        _descriptor = created.Value;

        // Edge-triggered, every write is an edge of its own, so that nobody needs to read the counter. At one write
        // per nanosecond it overflows after 584 years.
        var error = epoll.WatchOwn(_descriptor, static () => { });
        if (error != Errno.None)
        {
            _ = Libc.Close(_descriptor);
            KernelQueueException.Throw("epoll_ctl", error, EpollKernelQueue.Name);
        }
    }

    public void Enter() => Interlocked.Increment(ref _waiting);

    public void Leave() => Interlocked.Decrement(ref _waiting);

    /// <summary>
    /// Lets the next trigger write again. Under the queue's lock and before the active list is read: a trigger that
    /// was spared its write has added its knote by then.
    /// </summary>
    public void Reset() => _isTriggered = false;

    public void Trigger()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiting) > 0 && !Interlocked.Exchange(ref _isTriggered, true))
        {
            _ = Libc.WriteCounter(_descriptor, 1);
        }
    }
}
