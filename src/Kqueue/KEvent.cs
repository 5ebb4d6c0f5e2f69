using System.Diagnostics;

namespace Kqueue;

/// <summary>
/// One entry of a change list or of an event list: the neutral form of <c>struct kevent</c>. A backend translates it
/// to and from the layout and the numbers of its system.
/// </summary>
/// <param name="ident">
/// What is watched: the descriptor for READ, WRITE and VNODE, the number of a process or a signal, the caller's own
/// number for TIMER and USER.
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
    /// <summary>A change of what is to be read from a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="flags">The action and the mode, such as ADD with CLEAR.</param>
    /// <param name="userData">What its events carry back.</param>
    /// <returns>The change.</returns>
    public static KEvent Read(nint descriptor, KEventFlags flags, nint userData = 0) =>
        new(descriptor, KEventFilter.Read, flags, userData: userData);

    /// <summary>A change of whether a descriptor can be written.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="flags">The action and the mode, such as ADD with ONESHOT.</param>
    /// <param name="userData">What its events carry back.</param>
    /// <returns>The change.</returns>
    public static KEvent Write(nint descriptor, KEventFlags flags, nint userData = 0) =>
        new(descriptor, KEventFilter.Write, flags, userData: userData);

    /// <summary>A change that adds a timer, or starts it anew.</summary>
    /// <param name="ident">The caller's number for it.</param>
    /// <param name="time">The period, or the time of a one-shot timer; rounded up to microseconds.</param>
    /// <param name="mode">ONESHOT for a timer that fires once. Defaults to a periodic one.</param>
    /// <param name="userData">What its events carry back.</param>
    /// <returns>The change.</returns>
    public static KEvent Timer(
        nint ident, TimeSpan time, KEventFlags mode = KEventFlags.None, nint userData = 0) => new(
        ident,
        KEventFilter.Timer,
        KEventFlags.Add | mode,
        KEventNotes.Microseconds,
        (time.Ticks / TimeSpan.TicksPerMicrosecond) + (time.Ticks % TimeSpan.TicksPerMicrosecond > 0 ? 1 : 0),
        userData);

    /// <summary>A change that adds an event of the caller's own, to be triggered with <see cref="Trigger"/>.</summary>
    /// <param name="ident">The caller's number for it.</param>
    /// <param name="mode">Defaults to CLEAR: each event takes its triggers back.</param>
    /// <param name="userData">What its events carry back.</param>
    /// <returns>The change.</returns>
    public static KEvent User(nint ident, KEventFlags mode = KEventFlags.Clear, nint userData = 0) =>
        new(ident, KEventFilter.User, KEventFlags.Add | mode, userData: userData);

    /// <summary>A change that triggers an event of the caller's own.</summary>
    /// <param name="ident">Its number.</param>
    /// <param name="userData">The same as in its ADD: every change takes it over.</param>
    /// <returns>The change.</returns>
    public static KEvent Trigger(nint ident, nint userData = 0) =>
        new(ident, KEventFilter.User, KEventFlags.None, KEventNotes.Trigger, userData: userData);

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
    public Errno SocketError =>
        (Flags & KEventFlags.Eof) != 0 && Filter is KEventFilter.Read or KEventFilter.Write
            ? (Errno)(uint)Notes
            : Errno.None;
}
