using System.Diagnostics;

namespace Kqueue;

/// <summary>
/// One entry of a change list or of an event list: the neutral form of <c>struct kevent</c>. A backend translates it
/// to and from the layout and the numbers of its system.
/// </summary>
/// <param name="ident">
/// What is watched: the descriptor for READ and WRITE, the caller's own number for TIMER and USER.
/// </param>
/// <param name="filter">The kind of event.</param>
/// <param name="flags">What to do with the knote, or, in an event, what the kernel says about it.</param>
/// <param name="notes">Filter-specific flags (<c>fflags</c>); in an event with EOF, the socket's error.</param>
/// <param name="data">
/// Filter-specific data: a timer's period, or the number of bytes, connections or expirations.
/// </param>
/// <param name="userData">A value that every event of this knote carries back, untouched.</param>
[DebuggerDisplay("{Filter} {Ident} {Flags} notes={Notes} data={Data} udata={UserData}")]
public readonly struct KEvent(
    nint ident,
    KEventFilter filter,
    KEventFlags flags,
    KEventNotes notes = KEventNotes.None,
    long data = 0,
    nint userData = 0)
{
    /// <summary>What is watched. With the filter it names the knote.</summary>
    public nint Ident { get; } = ident;

    /// <summary>The kind of event.</summary>
    public KEventFilter Filter { get; } = filter;

    /// <summary>
    /// In a change: the action and the mode. In an event: what the kernel reports. Test single bits only: systems
    /// differ in which of the change's bits they echo.
    /// </summary>
    public KEventFlags Flags { get; } = flags;

    /// <summary>The filter's own flags (<c>fflags</c>).</summary>
    public KEventNotes Notes { get; } = notes;

    /// <summary>
    /// The filter's own data; in an entry with <see cref="KEventFlags.Error"/> the <see cref="Errno"/>.
    /// </summary>
    public long Data { get; } = data;

    /// <summary>The caller's value (<c>udata</c>).</summary>
    public nint UserData { get; } = userData;

    /// <summary>
    /// The result of a change, in an entry with <see cref="KEventFlags.Error"/>; <see cref="Errno.None"/> is success,
    /// as asked for by <see cref="KEventFlags.Receipt"/>.
    /// </summary>
    public Errno ChangeError => (Flags & KEventFlags.Error) != 0 ? (Errno)Data : Errno.None;

    /// <summary>
    /// The socket's error, in an event with <see cref="KEventFlags.Eof"/>: kqueue puts it into <c>fflags</c>.
    /// <see cref="Errno.None"/> after an orderly end, and always on the epoll backend, where asking would take the
    /// error away from the next receive.
    /// </summary>
    public Errno SocketError => (Flags & KEventFlags.Eof) != 0 ? (Errno)(uint)Notes : Errno.None;
}
