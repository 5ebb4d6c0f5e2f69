namespace Kqueue.EventLoops.Work;

/// <summary>The thread pool, for work that a loop or its watch queues.</summary>
/// <remarks>
/// Where the pool wants one more thread and the system refuses it, whoever queues hears of that as of a lack of memory.
/// The pool has the work by then, and has threads to run it on (dotnet/runtime, PortableThreadPool.WorkerThread.cs,
/// MaybeAddWorkingWorker), so that there is nothing to bear or to undo. Where the pool's own queue finds no memory to
/// grow, that is told in the same words, and the work is lost: to queue it again would run it twice in the other case.
/// </remarks>
internal static class PoolWork
{
    public static void Queue(IThreadPoolWorkItem work)
    {
        try
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
        catch (OutOfMemoryException)
        {
        }
    }

    public static void Queue<T>(Action<T> callback, T state)
    {
        try
        {
            ThreadPool.UnsafeQueueUserWorkItem(callback, state, preferLocal: false);
        }
        catch (OutOfMemoryException)
        {
        }
    }
}
