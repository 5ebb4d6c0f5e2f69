namespace Kqueue.EventLoops;

/// <summary>
/// Offloaded work that waits for a thread, and how long no thread has come back for it. Everything but
/// <see cref="IsEmpty"/> is under the lock of the threads.
/// </summary>
internal sealed class Backlog
{
    /// <summary>
    /// Looks of the watch without progress after which one more thread is started. Longer than most handlers block;
    /// what holds all threads for so long may be waiting for just that work.
    /// </summary>
    public const int LooksMax = 100;

    // Written under the lock, read without it.
    private int _count;

    // A list, because it is taken from at both ends.
    private readonly LinkedList<IThreadPoolWorkItem> _work = new();

    private int _looks;

    /// <summary>Whether nothing waits. From any thread.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>How often a thread of the group has come back that may take some of it.</summary>
    public int Returns { get; private set; }

    public void Add(IThreadPoolWorkItem work)
    {
        _work.AddLast(work);
        Volatile.Write(ref _count, _work.Count);
    }

    /// <summary>A thread of the group is back, and takes what has waited longest, if anything.</summary>
    public IThreadPoolWorkItem? TakeOnReturn()
    {
        Returns++;
        _looks = 0;
        return Take(_work.First);
    }

    /// <summary>
    /// An extra thread takes what has waited least. What has waited longest came together with what holds the threads,
    /// and is likely to hold one more; so it has its turn behind what is over soon.
    /// </summary>
    public IThreadPoolWorkItem? TakeForExtra()
    {
        // One that finds nothing is not stuck: what comes next need not wait for long again.
        _looks = _work.Count > 0 ? 0 : LooksMax;
        return Take(_work.Last);
    }

    /// <summary>Takes anything, because nobody comes back any more.</summary>
    public IThreadPoolWorkItem? TakeAtStop() => Take(_work.First);

    /// <summary>The watch looks; true when one more thread has to be started.</summary>
    public bool Look()
    {
        if (_work.Count == 0 || ++_looks <= LooksMax)
        {
            return false;
        }

        _looks = 0;
        return true;
    }

    private IThreadPoolWorkItem? Take(LinkedListNode<IThreadPoolWorkItem>? node)
    {
        if (node is not null)
        {
            _work.Remove(node);
            Volatile.Write(ref _count, _work.Count);
        }

        return node?.Value;
    }
}
