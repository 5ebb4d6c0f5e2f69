using System.Diagnostics.Tracing;

namespace Kqueue.EventLoops.Driving;

/// <summary>
/// The event source <c>Kqueue</c>: loops that are taken from stuck threads. While nobody listens, each event costs one
/// look at a flag.
/// </summary>
[EventSource(Name = "Kqueue")]
internal sealed class EventLoopEventSource : EventSource
{
    /// <summary>The one of this process.</summary>
    public static EventLoopEventSource Log { get; } = new();

    /// <summary>A loop has been taken from a thread that is stuck in a handler. On the thread pool.</summary>
    /// <param name="loop">The loop's name.</param>
    /// <param name="epoch">The stint that the stuck thread had.</param>
    [Event(1, Level = EventLevel.Informational, ActivityOptions = EventActivityOptions.Disable,
        Message = "Loop {0} is taken from the thread of its stint {1}.")]
    public void HandOverStart(string loop, int epoch)
    {
        if (IsEnabled())
        {
            WriteEvent(1, loop, epoch);
        }
    }

    /// <summary>The handler that a loop was taken from is back. On the thread that ran it.</summary>
    /// <param name="loop">The loop's name.</param>
    /// <param name="epoch">The stint that the thread had.</param>
    /// <param name="milliseconds">How long it was away since it lost the loop.</param>
    [Event(2, Level = EventLevel.Informational, ActivityOptions = EventActivityOptions.Disable,
        Message = "The handler of stint {1} that loop {0} was taken from is back after {2} ms.")]
    public void HandOverStop(string loop, int epoch, int milliseconds)
    {
        if (IsEnabled())
        {
            WriteEvent(2, loop, epoch, milliseconds);
        }
    }
}
