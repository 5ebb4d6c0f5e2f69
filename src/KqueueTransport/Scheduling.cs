namespace KqueueTransport;

/// <summary>Where the application's code runs when a connection's bytes have come in or gone out.</summary>
/// <remarks>
/// It decides which thread completes a pending <c>ReadAsync</c> or <c>FlushAsync</c> of a connection's
/// <c>Transport</c>, and therefore where the code behind that <c>await</c> goes on. In no mode is there a
/// synchronization context, and in no mode may code rely on two continuations of one connection running on the same
/// thread: thread statics and thread-affine locks do not carry over an <c>await</c>.
/// </remarks>
public enum Scheduling
{
    /// <summary>
    /// On the thread of the connection's event loop, right where the event is dispatched, and never at the expense of
    /// others: when a handler does not return within two to four milliseconds, another thread takes the loop over and
    /// goes on with the next event. A connection whose handlers keep blocking runs on a standby thread for its next
    /// few requests; a listener whose handlers block too often, or more of them than there are standby threads, goes
    /// to the thread pool for one to four seconds. The application may block.
    /// </summary>
    Adaptive,

    /// <summary>
    /// On the thread pool: the event loop hands every continuation over. The application may block, because it blocks
    /// a thread of the pool and no event loop.
    /// </summary>
    ThreadPool,

    /// <summary>
    /// On the thread of the connection's event loop, right where the event is dispatched: the fastest way, with no
    /// change of thread and nobody on watch. The application must not block and must not compute for long: all other
    /// connections of that loop wait meanwhile. What it awaits elsewhere (a timer, a database) goes on wherever that
    /// completes.
    /// </summary>
    Inline,
}
