namespace Kqueue.EventLoops;

/// <summary>What a <see cref="Registration"/> calls when the kernel reports something.</summary>
public interface IEventHandler
{
    /// <summary>
    /// An event arrived. It is a hint: the call it announces may still have to wait, and a registration that was
    /// disposed a moment ago on another thread may still deliver one.
    /// </summary>
    /// <param name="kevent">The event. Its user data belongs to the loop.</param>
    /// <remarks>
    /// Runs on the thread that drives the loop, one call at a time for each registration. Where the loop can be handed
    /// over, that thread may no longer drive it when the handler returns, and other handlers, timers and work of the
    /// loop run on another thread meanwhile; events of this registration wait until the call has returned. What it
    /// leaves on the thread (async locals, a synchronization context, a culture, priority, name) is undone after it.
    /// </remarks>
    void OnEvent(in KEvent kevent);
}
