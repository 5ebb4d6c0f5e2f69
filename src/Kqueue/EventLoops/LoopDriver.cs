namespace Kqueue.EventLoops;

/// <summary>
/// One thread's stint at driving a loop, from the moment the loop is given to it until it stops or is handed over.
/// </summary>
internal sealed class LoopDriver(EventLoop loop, int epoch)
{
    [ThreadStatic]
    private static LoopDriver? t_current;

    // Put here by the driving thread, taken by it or by whoever takes the loop over: only with Interlocked.
    private IThreadPoolWorkItem? _deferred;

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
    /// Puts work off until the handler that is running returns, or until the loop is taken from it. False when there
    /// is other deferred work already or the loop is gone: then the caller does its work at once.
    /// </summary>
    /// <remarks>
    /// The hand-over raises the epoch and then takes the deferred work; this puts the work and then looks at the
    /// epoch. Both are full fences, so at least one of the two sees the other and the work is never forgotten. Both
    /// may see it: the work must bear to be run once too often.
    /// </remarks>
    public bool TryDefer(IThreadPoolWorkItem work)
    {
        // A swap also when the same work is there already: without a fence what the caller wrote before could become
        // visible only after the hand-over has taken the work and run it.
        var present = Interlocked.CompareExchange(ref _deferred, work, null);
        return (present is null || present == work) && IsDriving;
    }

    /// <summary>
    /// Runs what is deferred, and what that defers in turn: nothing else may run on this loop for long.
    /// </summary>
    public void RunDeferred()
    {
        while (_deferred is not null)
        {
            Interlocked.Exchange(ref _deferred, null)?.Execute();
        }
    }
}
