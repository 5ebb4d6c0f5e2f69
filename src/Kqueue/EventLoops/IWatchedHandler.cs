namespace Kqueue.EventLoops;

/// <summary>
/// A handler, or a piece of work, that wants to hear when the watch of an <see cref="EventLoopGroup"/> finds its loop
/// stuck in it.
/// </summary>
public interface IWatchedHandler
{
    /// <summary>
    /// The handler has not returned within the watch's period. Called while it still runs, on the watch.
    /// </summary>
    /// <param name="isHandedOver">
    /// Whether the loop goes on with another thread. False when no thread was left for it.
    /// </param>
    void OnStuck(bool isHandedOver);
}
