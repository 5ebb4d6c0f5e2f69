using Kqueue.EventLoops.Registrations;

namespace Kqueue.EventLoops;

/// <summary>
/// A descriptor's place in an <see cref="EventLoop"/>. It is made without interest;
/// <see cref="Arm(KEventFilter, KEventFlags)"/> adds a filter.
/// </summary>
/// <remarks>
/// Any thread may call it. The owner keeps <see cref="Arm(KEventFilter, KEventFlags)"/> and the closing of the
/// descriptor apart: a filter that is armed after the close would watch whatever got the number next.
/// </remarks>
public sealed class Registration : IDisposable
{
    internal Registration(EventLoop loop, nint ident, IEventHandler handler)
    {
        Loop = loop;
        Ident = ident;
        Handler = handler;
    }

    /// <summary>The loop that dispatches the events.</summary>
    public EventLoop Loop { get; }

    /// <summary>The descriptor.</summary>
    public nint Ident { get; }

    internal IEventHandler Handler { get; }

    /// <summary>
    /// Slot and generation, as every event of this registration carries them. Set once, by the table.
    /// </summary>
    internal nint UserData { get; set; }

    /// <summary>Adds a filter, or arms it again.</summary>
    /// <param name="filter">READ or WRITE.</param>
    /// <param name="mode">
    /// <see cref="KEventFlags.Clear"/> for edges, <see cref="KEventFlags.OneShot"/>,
    /// <see cref="KEventFlags.Dispatch"/>, or <see cref="KEventFlags.None"/> for as long as the condition holds.
    /// A filter that is already there keeps its mode. In a group, whose loops go on while a handler blocks, what is
    /// reported for as long as it holds wakes the loop until the handler is back: name one of the others there.
    /// </param>
    /// <returns>0, or the kernel's error.</returns>
    public KernelResult Arm(KEventFilter filter, KEventFlags mode) =>
        Loop.Submit(new KEvent(Ident, filter, KEventFlags.Add | mode, userData: UserData));

    /// <summary>Adds any filter with all that a change has, or changes it.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="flags">What to do besides <see cref="KEventFlags.Add"/>.</param>
    /// <param name="notes">The filter's own flags, such as <see cref="KEventNotes.LowWater"/>.</param>
    /// <param name="data">The filter's own number.</param>
    /// <returns>0, or the kernel's error.</returns>
    public KernelResult Arm(KEventFilter filter, KEventFlags flags, KEventNotes notes, long data = 0) =>
        Loop.Submit(new KEvent(Ident, filter, KEventFlags.Add | flags, notes, data, UserData));

    /// <summary>Removes a filter. It is no error if the filter, or the descriptor, is gone.</summary>
    /// <param name="filter">READ or WRITE.</param>
    /// <returns>0, or the kernel's error.</returns>
    public KernelResult Disarm(KEventFilter filter)
    {
        var result = Loop.Submit(new KEvent(Ident, filter, KEventFlags.Delete, userData: UserData));
        return result.Error is Errno.ENOENT or Errno.EBADF or Errno.ENOTCAPABLE ? KernelResult.Success(0) : result;
    }

    /// <summary>
    /// Gives the slot back: events that are still under way fall out at the table. The filters go when the descriptor
    /// is closed, which is the owner's next step; an owner that keeps the descriptor disarms them first. The one event
    /// that the loop is about to hand over, where this is another thread, may still reach the handler.
    /// </summary>
    public void Dispose()
    {
        if (Loop.Remove(this))
        {
            (Handler as OpenHandle)?.Release();
        }
    }
}
