namespace KqueueTransport.Connections;

/// <summary>
/// What connections take from the process beside loops and sockets: the thread pool and the time. Tests put their own
/// in its place.
/// </summary>
internal class Surroundings
{
    /// <summary>The process's own.</summary>
    public static Surroundings Process { get; } = new();

    /// <summary>Tells how long a handler has run.</summary>
    public virtual TimeProvider Clock => TimeProvider.System;

    /// <summary>Runs work on the thread pool.</summary>
    public virtual void Queue(IThreadPoolWorkItem work) =>
        ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
}
