using Kqueue.Interop;

namespace Kqueue.Epoll;

/// <summary>
/// What one descriptor number has in the epoll instance: one entry for both its filters. The object stays with the
/// number, so that the next descriptor of that number allocates nothing.
/// </summary>
internal class Registration
{
    public Registration(int descriptor, bool isOwn = false)
    {
        Descriptor = descriptor;
        IsOwn = isOwn;
    }

    public int Descriptor { get; }

    /// <summary>Whether the descriptor is the backend's (eventfd, timerfd) and no caller's.</summary>
    public bool IsOwn { get; }

    /// <summary>The knote of READ, once there has been one.</summary>
    public Knote? Read { get; private set; }

    /// <summary>The knote of WRITE, once there has been one: most connections never find their socket full.</summary>
    public Knote? Write { get; private set; }

    /// <summary>Rides in the epoll data, so that events of an earlier descriptor of the number fall out.</summary>
    public uint Generation { get; set; }

    /// <summary>What the kernel was last asked for.</summary>
    public uint Interest { get; set; }

    /// <summary>
    /// Whether the kernel took the registration. It may be gone all the same: close(2) drops it without a word, and
    /// the next epoll_ctl(2) tells.
    /// </summary>
    public bool IsRegistered { get; set; }

    public bool IsLevelTriggered => (Interest & Libc.EPOLLET) == 0;

    public bool HasKnotes => Read is { IsAttached: true } || Write is { IsAttached: true };

    public Knote KnoteOf(KEventFilter filter) => filter == KEventFilter.Read
        ? Read ??= new Knote(Descriptor, filter, this)
        : Write ??= new Knote(Descriptor, filter, this);
}
