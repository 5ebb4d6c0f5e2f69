using System.Collections.Concurrent;

namespace Kqueue.EventLoops.Work;

/// <summary>Work that any thread posts to a loop, and the one wake that stands for many posts.</summary>
internal sealed class WorkQueue
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _items = new();

    // From the first wake that is asked for in a wait until the driver is awake.
    private volatile bool _wakeTaken;

    public bool IsEmpty => _items.IsEmpty;

    public void Enqueue(IThreadPoolWorkItem work) => _items.Enqueue(work);

    public bool TryDequeue(out IThreadPoolWorkItem? work) => _items.TryDequeue(out work);

    /// <summary>True for the one caller that has to trigger the wake.</summary>
    public bool TakeWake() => !Interlocked.Exchange(ref _wakeTaken, true);

    /// <summary>
    /// The driver is awake and looks at the work after this: whoever finds the wake taken has added its work before.
    /// Or the kernel has refused the trigger, and the next to post tries again.
    /// </summary>
    public void GiveBackWake()
    {
        // A look may miss a wake that (1) was just taken, but not one (2) whose trigger the kernel has delivered: both
        // went through the queue's lock. One that is missed is still to be delivered, ends a wait to come, and is seen
        // then. As a rule there is none, and the swap is spared.
        if (_wakeTaken)
        {
            Interlocked.Exchange(ref _wakeTaken, false);
        }
    }

    /// <summary>Hands what is left to the thread pool: the loop has ended.</summary>
    public void MoveToThreadPool()
    {
        while (_items.TryDequeue(out var work))
        {
            PoolWork.Queue(work!);
        }
    }
}
