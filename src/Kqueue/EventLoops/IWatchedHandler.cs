namespace Kqueue.EventLoops;

/// <summary>
/// A handler, or a piece of work, that wants to hear when the watch of an <see cref="EventLoopGroup"/> has proof that
/// it holds up its loop.
/// </summary>
public interface IWatchedHandler
{
    /// <summary>
    /// The handler has not returned within the watch's period, and it is not for want of a core: its thread was found
    /// asleep, or is still in the handler after eight periods. Called while it still runs, on the watch, which looks at
    /// no loop meanwhile: return soon.
    /// </summary>
    /// <param name="isHandedOver">
    /// Whether the loop went on with another thread; then this is said once. False when no thread was left for it;
    /// then it is said at every look.
    /// </param>
    /// <remarks>
    /// An exception goes to <see cref="EventLoopOptions.UnhandledException"/>; without that it ends the process.
    /// </remarks>
    void OnStuck(bool isHandedOver);
}
