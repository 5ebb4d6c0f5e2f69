namespace Kqueue.EventLoops;

/// <summary>
/// One thread's stint at driving a loop, from the moment the loop is given to it until it stops or is handed over.
/// </summary>
internal sealed class LoopDriver(EventLoop loop, int epoch)
{
    [ThreadStatic]
    private static LoopDriver? t_current;

    private DeferredWork _deferred;

    private volatile object? _running;

    /// <summary>
    /// The stint of the calling thread, also after its loop was taken away; null on any other thread.
    /// </summary>
    public static LoopDriver? Current
    {
        get => t_current;
        set => t_current = value;
    }

    public EventLoop Loop { get; } = loop;

    public int Epoch { get; } = epoch;

    /// <summary>
    /// When the loop was taken from this driver. Written by the watch before it takes the loop, read by the driver
    /// that has lost it.
    /// </summary>
    public long LeftBehindAt { get; set; }

    /// <summary>
    /// The driving thread, where somebody may ask whether it sleeps. Written by it before its first claim.
    /// </summary>
    public ThreadSleep? Thread { get; set; }

    /// <summary>
    /// What this driver is running: a handler, a piece of work, or nothing. Written by the driving thread, after the
    /// claim and before the next one; the watch reads it to name the culprit.
    /// </summary>
    public object? Running
    {
        get => _running;
        set => _running = value;
    }

    /// <summary>Whether the loop is still this driver's.</summary>
    public bool IsDriving => Loop.Epoch == Epoch;

    /// <summary>
    /// When this driver last ran what was put off, or began a turn: a timestamp of the loop's clock. The driving
    /// thread's.
    /// </summary>
    public long RanDeferredAt { get; set; }

    /// <summary>Whether work is put off. The driving thread's.</summary>
    public bool HasDeferred => !_deferred.IsEmpty;

    /// <summary>Whether no more work can be put off. The driving thread's.</summary>
    public bool IsFullOfDeferred => _deferred.IsFull;

    /// <summary>
    /// Puts work off until the handlers of the events at hand have returned, or some of them, or until the loop is
    /// taken from this driver. False when too much is put off already or the loop is gone: then the caller does its
    /// work at once.
    /// </summary>
    /// <remarks>
    /// The hand-over raises the epoch and then takes the deferred work; this puts the work and then looks at the
    /// epoch. Both are full fences, so at least one of the two sees the other and the work is never forgotten. Both
    /// may see it: the work must bear to be run once too often.
    /// </remarks>
    public bool TryDefer(IThreadPoolWorkItem work) => _deferred.TryAdd(work) && IsDriving;

    /// <summary>Takes one piece of what is put off, if it is there still.</summary>
    /// <param name="place">From 0, and less than <see cref="DeferredWork.Capacity"/>.</param>
    public IThreadPoolWorkItem? TakeDeferred(int place) => _deferred.Take(place);
}
