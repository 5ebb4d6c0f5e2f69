using static Kqueue.Interop.Libc;

namespace Kqueue.Epoll;

/// <summary>What two filters mean in the terms of one epoll registration, and back.</summary>
internal static class EpollTranslation
{
    /// <summary>What the registration of a descriptor asks the kernel for.</summary>
    public static uint Interest(bool read, bool write) =>
        EPOLLET | (read ? EPOLLIN | EPOLLPRI | EPOLLRDHUP : 0) | (write ? EPOLLOUT : 0);

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
    /// for the writer, an error without an end on a socket, and no end for a reader: a file of sysfs has changed.
    /// </summary>
    public static bool IsAmbiguous(KEventFilter filter, uint events) => (events & (EPOLLHUP | EPOLLERR)) switch
    {
        0 => false,
        EPOLLERR => filter == KEventFilter.Write,
        _ => (events & EPOLLRDHUP) == 0,
    };
}
