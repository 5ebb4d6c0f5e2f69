namespace KqueueTransport;

/// <summary>Where the application's code runs when a connection's bytes have come in or gone out.</summary>
/// <remarks>
/// It decides which thread completes a pending <c>ReadAsync</c> or <c>FlushAsync</c> of a connection's
/// <c>Transport</c>, and therefore where the code behind that <c>await</c> goes on. What completes elsewhere (a timer,
/// a database, another connection) goes on wherever that completes.
/// <para>
/// In every mode: there is no synchronization context and the task scheduler is the default one, so that
/// <c>ConfigureAwait</c> changes nothing. Async locals flow with each <c>await</c>, and what one connection sets no
/// other one sees. Code stays on its thread from one <c>await</c> to the next, also while its loop is taken over. What
/// one <c>await</c> after the other continues may run on two threads, though never at the same time: what belongs to a
/// thread (thread statics, a lock held across an <c>await</c>) is another thread's afterwards, and a thread static may
/// hold what another connection has left there. A handler that reads in one task and writes in another has two such
/// chains, and the continuations of a read and of a flush may run at the same time; with <see cref="Inline"/> they do
/// not, as long as both are completed by the loop.
/// </para>
/// </remarks>
public enum Scheduling
{
    /// <summary>
    /// On the thread of the connection's event loop, right where the event is dispatched, and never at the expense of
    /// others: when a handler does not return within two to four milliseconds, another thread takes the loop over and
    /// goes on with the next event. The application may block.
    /// </summary>
    /// <remarks>
    /// A connection whose handler has blocked gives its loop to another thread before the next ones run, on the thread
    /// that they are on, until eight in a row came back within two milliseconds. So do the first eight of new
    /// connections while more than 64 handlers in a second have blocked on their listener's loops, and for a second
    /// after that. A connection whose handler has computed for as long runs on the thread pool instead, and where as
    /// many handlers compute as there are processors, a loop stays with the next one that does. A handler that the
    /// kernel only set aside for other threads has done neither, where the system tells: on Linux. Elsewhere a handler
    /// has blocked when it was away for 16 milliseconds without computing.
    /// <para>
    /// While <see cref="KqueueTransportOptions.StandbyThreadsMax"/> handlers are held up on threads that have lost a
    /// loop, all others run on the thread pool: no loop ever has to stay with a handler that blocks.
    /// </para>
    /// <para>
    /// So the thread is one of the loops' or one of the pool, and from one continuation to the next it may be any of
    /// them. Those of the loops are background threads of the transport's own, with the name "kqueue loop", and the
    /// pool's limits do not hold for them.
    /// </para>
    /// </remarks>
    Adaptive,

    /// <summary>
    /// On the thread pool: the event loop hands every continuation over. The application may block, because it blocks
    /// a thread of the pool and no event loop; the pool's limits are what bounds it then.
    /// </summary>
    ThreadPool,

    /// <summary>
    /// On the thread of the connection's event loop, right where the event is dispatched: the fastest way, with no
    /// change of thread, and nothing takes the loop from a handler that blocks. The application must not block and must
    /// not compute for long, nor wait for something that only its own loop can bring: all other connections of that
    /// loop wait meanwhile.
    /// </summary>
    /// <remarks>
    /// A loop has one thread for life, and a connection one loop: what completes there always goes on on that thread.
    /// That holds where the server's option is this mode and <see cref="KqueueTransportOptions.ConfigureEndPoint"/> is
    /// null; otherwise a handler that blocks here loses its loop as any other.
    /// What a handler has flushed before it blocks may leave only when it is back, and so may what other threads flush
    /// to connections of its loop meanwhile.
    /// </remarks>
    Inline,
}
