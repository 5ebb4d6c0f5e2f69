using Microsoft.Extensions.Logging;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// Says once that the system refuses threads, and again only after a minute without. While it does, a handler that
/// blocks keeps its loop until it returns.
/// </summary>
internal sealed class ThreadShortage(ILogger logger) : IThreadPoolWorkItem
{
    private const long QuietMilliseconds = 60_000;

    private long _lastRefusal = -QuietMilliseconds;

    /// <summary>A thread was refused. From any thread, the watch's, too, which calls no logger.</summary>
    public void Note()
    {
        var now = Environment.TickCount64;
        if (now - Interlocked.Exchange(ref _lastRefusal, now) >= QuietMilliseconds)
        {
            try
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            }
            catch (OutOfMemoryException)
            {
                // The thread pool wants a thread as well. It has the work all the same, and has threads to run it on.
            }
        }
    }

    void IThreadPoolWorkItem.Execute() => TransportLog.ThreadsRefused(logger);
}
