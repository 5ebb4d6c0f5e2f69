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
    /// A connection whose handlers keep blocking runs on standby threads for its next few requests. A listener whose
    /// handlers block too often, or hold so many threads that there is not one left for each loop, leaves the loops for
    /// one to four seconds, and until these threads are back: connections whose handlers come back quickly, also since
    /// the threads ran short, run on the thread pool then, and the others on standby threads. Until then no other
    /// listener's handlers run on a loop either, so that every loop goes on with its events, and accepts, whatever
    /// blocks. A handler has blocked when its thread was found asleep in it, or when it is still running some twenty
    /// milliseconds after its turn began; one that the kernel only set aside for other threads has not.
    /// <para>
    /// Where all standby threads are busy, requests wait for one. Where none comes back for 200 milliseconds, a thread
    /// beyond <see cref="KqueueTransportOptions.StandbyThreadsMax"/> runs those that wait, the last one first, until it
    /// is stuck as well; then comes the next, after 200 milliseconds more. So handlers that wait for each other come to
    /// an end, and others do not wait for those that block.
    /// </para>
    /// <para>
    /// So the thread is that of a loop, a standby thread, such an extra one or one of the pool, and from one
    /// continuation to the next it may be any of them. All but the last are background threads of the transport's own,
    /// with the name "kqueue loop" or "kqueue extra", and the pool's limits do not hold for them.
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
    /// change of thread and nobody on watch. The application must not block and must not compute for long, nor wait
    /// for something that only its own loop can bring: all other connections of that loop wait meanwhile.
    /// </summary>
    /// <remarks>
    /// A loop has one thread for life, and a connection one loop: what completes there always goes on on that thread.
    /// What a handler has flushed before it blocks may leave only when it is back, and so may what other threads flush
    /// to connections of its loop meanwhile.
    /// </remarks>
    Inline,
}
