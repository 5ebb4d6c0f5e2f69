using static Kqueue.Interop.Libc;

namespace Kqueue.Epoll;

/// <summary>What two filters mean in the terms of one epoll registration, and back.</summary>
internal static class EpollTranslation
{
    /// <summary>Refuses what epoll has no means for, before anything is applied.</summary>
    public static void Validate(ReadOnlySpan<KEvent> changes)
    {
        foreach (ref readonly var change in changes)
        {
            if (change.Filter == KEventFilter.Write && (change.Notes & KEventNotes.LowWater) != 0)
            {
                // Linux speaks of a send buffer again only after a send that found no room at all.
                throw new PlatformNotSupportedException(
                    "WRITE with the note LowWater is not supported by the epoll backend on Linux: leave the note out.");
            }
        }
    }

    /// <summary>What the registration of a descriptor asks the kernel for.</summary>
    /// <remarks>
    /// Without an armed knote it is edge-triggered too: EPOLLHUP and EPOLLERR cannot be masked, and a level one would
    /// keep the waiter from sleeping. So would urgent data, which is no READ by itself; a level knote needs no word of
    /// it, because it is told of the bytes behind again.
    /// </remarks>
    public static uint Interest(Triggering read, Triggering write)
    {
        var events = 0u;
        if (read != Triggering.None)
        {
            events |= EPOLLIN | EPOLLRDHUP | (read == Triggering.Edge ? EPOLLPRI : 0);
        }

        if (write != Triggering.None)
        {
            events |= EPOLLOUT;
        }

        var isLevel = events != 0 && read != Triggering.Edge && write != Triggering.Edge;
        return isLevel ? events : events | EPOLLET;
    }

    /// <summary>Whether what epoll reported concerns the filter.</summary>
    public static bool Activates(KEventFilter filter, uint events) =>
        (events & (EPOLLERR | EPOLLHUP | (filter == KEventFilter.Read ? EPOLLIN | EPOLLRDHUP : EPOLLOUT))) != 0;

    /// <summary>Whether what epoll reported is the end of the stream, seen from the filter.</summary>
    /// <remarks>
    /// A peer's half-close is an end for READ only. EPOLLERR alone is none: it is a pipe without a reader, which
    /// <see cref="IsAmbiguous"/> singles out, or a datagram socket's error, which kqueue reports without EOF.
    /// </remarks>
    public static bool IsEof(KEventFilter filter, uint events) =>
        (events & (EPOLLHUP | (filter == KEventFilter.Read ? EPOLLRDHUP : 0))) != 0;

    /// <summary>The flags of an event of the filter.</summary>
    public static KEventFlags FlagsOf(KEventFilter filter, uint events) =>
        (IsEof(filter, events) ? KEventFlags.Eof : KEventFlags.None) |
        (filter == KEventFilter.Read && (events & EPOLLPRI) != 0 ? KEventFlags.OutOfBand : KEventFlags.None);

    /// <summary>
    /// Whether the meaning depends on what the descriptor is. EPOLLHUP without EPOLLRDHUP is a pipe's end, but also
    /// a socket that was never connected, of which kqueue reports nothing. EPOLLERR without EPOLLHUP is a pipe's end
    /// for the writer, and an error without an end on a socket.
    /// </summary>
    public static bool IsAmbiguous(uint events) => (events & (EPOLLHUP | EPOLLERR)) switch
    {
        0 => false,
        EPOLLERR => true,
        _ => (events & EPOLLRDHUP) == 0,
    };
}
