using Kqueue.EventLoops.Work;
using Microsoft.Extensions.Logging;

namespace KqueueTransport.Diagnostics;

/// <summary>
/// Says once for an episode that the system refuses threads. While it does, a handler that blocks keeps its loop until
/// it returns.
/// </summary>
internal sealed class ThreadShortage(ILogger logger) : IThreadPoolWorkItem
{
    private Episode _shortage;

    /// <summary>A thread was refused. From any thread, the watch's, too, which calls no logger.</summary>
    public void Note()
    {
        if (_shortage.Begins(TimeProvider.System))
        {
            PoolWork.Queue(this);
        }
    }

    void IThreadPoolWorkItem.Execute() => TransportLog.ThreadsRefused(logger);
}
