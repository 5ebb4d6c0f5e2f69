namespace Kqueue.EventLoops.Driving;

/// <summary>
/// An event that waited for its registration, whose handler was running on a thread that had lost the loop. It is
/// posted again when that thread is back, and dispatched like any other.
/// </summary>
internal sealed class HeldEvent(in KEvent kevent) : IThreadPoolWorkItem
{
    public KEvent KEvent { get; } = kevent;

    /// <summary>The loop has ended: nobody hears of its events any more.</summary>
    public void Execute()
    {
    }
}
