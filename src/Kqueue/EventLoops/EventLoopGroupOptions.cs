namespace Kqueue.EventLoops;

/// <summary>How an <see cref="EventLoopGroup"/> is made.</summary>
public sealed class EventLoopGroupOptions
{
    internal static readonly TimeSpan DefaultWatchPeriod = TimeSpan.FromMilliseconds(2);

    /// <summary>The number of loops. Defaults to <see cref="Environment.ProcessorCount"/>; at least 1.</summary>
    public int LoopCount { get; set; } = Environment.ProcessorCount;

    /// <summary>How each loop is made. The loop's number is appended to the name.</summary>
    public EventLoopOptions Loop { get; set; } = new();

    /// <summary>
    /// Whether a loop is taken from a thread that is stuck in a handler and given to another one. Defaults to true.
    /// When it is false a handler that blocks stops its loop.
    /// </summary>
    public bool HandOver { get; set; } = true;

    /// <summary>
    /// How long a handler keeps its loop at least before the loop is taken from it, and at most twice that, where the
    /// watch gets a core in time. So twice the period is what all others on the loop wait for one that blocks, and
    /// what it has put off waits, too. Defaults to 2 milliseconds: a shorter period takes loops from threads that the
    /// kernel has only set aside for a moment. From 1 millisecond to a day.
    /// </summary>
    public TimeSpan WatchPeriod { get; set; } = DefaultWatchPeriod;

    /// <summary>
    /// How many threads may be left behind in handlers that block, beside those that drive. Defaults to 256; 0 is
    /// as without <see cref="HandOver"/>. At the
    /// bound a handler that is known to block has to run elsewhere; a loop that is found stuck then gets a thread all
    /// the same, one for each loop, and stays stuck beyond that.
    /// </summary>
    public int StandbyThreadsMax { get; set; } = 256;

    /// <summary>
    /// The processors that the loops run on, by their numbers: the loops take them in turn. Defaults to null: any. A
    /// thread that takes a loop over moves to the loop's processor; the thread that is stuck shares it until its
    /// handler returns. Linux only: elsewhere it is a <see cref="PlatformNotSupportedException"/>.
    /// </summary>
    public IReadOnlyList<int>? Processors { get; set; }

    /// <summary>Called each time that the system refuses a thread, on any thread. It must not throw.</summary>
    internal Action? ThreadRefused { get; set; }
}
