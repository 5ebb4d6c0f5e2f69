using System.Collections.Concurrent;

namespace KqueueTransport.Tests.Connections;

/// <summary>A thread pool that holds its work back until it is told to go on.</summary>
internal sealed class HeldThreadPool
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _held = new();
    private volatile bool _isReleased;

    public int HeldCount => _held.Count;

    public void Queue(IThreadPoolWorkItem work)
    {
        _held.Enqueue(work);
        if (_isReleased)
        {
            Release();
        }
    }

    /// <summary>Runs what is held, and from now on everything at once.</summary>
    public void Release()
    {
        _isReleased = true;
        while (_held.TryDequeue(out var work))
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }
    }
}
