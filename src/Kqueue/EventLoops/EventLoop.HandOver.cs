using System.Diagnostics;
using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Threads;
using Kqueue.EventLoops.Work;

namespace Kqueue.EventLoops;

// How a loop gets from one thread to another: taken by the watch, or given away by its driver.
public sealed partial class EventLoop
{
    // The drivers that have lost the loop and are not back.
    private readonly LeftBehind _leftBehind = new();

    // The stint that belongs to the word's epoch. Written by whoever swapped the epoch in, before that stint drives.
    private LoopDriver _driver;

    // Added to by drivers that have lost the loop: only with Interlocked.
    private long _leftBehindTicks;

    // Counted by the watch.
    private long _handOvers;

    /// <summary>
    /// How long handlers went on after the loop was taken from them, or given away. Counted when they are back.
    /// </summary>
    public TimeSpan LeftBehindTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _leftBehindTicks));

    /// <summary>How often the loop was taken from a stuck thread.</summary>
    public long HandOverCount => Volatile.Read(ref _handOvers);

    /// <summary>How often the loop was handed over, modulo <see cref="ClaimWord.Epochs"/>.</summary>
    internal int Epoch => Word.Epoch;

    /// <summary>Who is told when the loop leaves its wait. Set before the loop runs.</summary>
    internal LoopWatch? Watch { get; set; }

    /// <summary>Who goes on with the loop; null where nobody does. Set before the loop runs.</summary>
    internal IStandbyThreads? StandbyThreads { get; set; }

    internal ClaimWord Word => new(Volatile.Read(ref _word));

    /// <summary>The stint that the loop was given to last.</summary>
    internal LoopDriver Driver => _driver;

    /// <summary>Who has lost the loop and is not back.</summary>
    internal LeftBehind LeftBehind => _leftBehind;

    /// <summary>
    /// Gives the loop that the calling thread drives to another one, so that the handler that is running may block: it
    /// stays on this thread, which finds when it returns that the loop has gone on.
    /// </summary>
    /// <returns>
    /// False when no thread is left for the loop, or the calling thread has none to give: block elsewhere.
    /// </returns>
    internal static bool TryGiveAway()
    {
        if (LoopDriver.Current is not { } driver)
        {
            return false;
        }

        while (true)
        {
            var word = driver.Loop.Word;
            if (word.Epoch != driver.Epoch)
            {
                // It was taken already: this thread holds up nobody.
                return true;
            }

            if (!driver.Loop.TryHandOver(word, isForced: false))
            {
                return false;
            }
        }
    }

    /// <summary>
    /// Takes the loop from its driver, whether that is stuck or does so itself, and gives it to another thread.
    /// </summary>
    /// <param name="seen">Where the driver stands. If it has moved since, nothing happens.</param>
    /// <param name="isForced">Whether the watch asks, and not the driver.</param>
    /// <returns>False when no thread is left.</returns>
    internal bool TryHandOver(ClaimWord seen, bool isForced)
    {
        // Whoever swapped the last epoch in may not have come to set its driver yet. And a driver that the kernel has
        // not run is not stuck: one more thread would only wait beside it.
        var left = _driver;
        if (seen.IsInWait || left.Epoch != seen.Epoch || !left.HasBegun)
        {
            return true;
        }

        // The thread comes first, and the memory: a loop must not be taken from its driver when nobody is there to go
        // on with it.
        var next = new LoopDriver(this, seen.HandOver().Epoch);
        _leftBehind.MakeRoom();
        if (StandbyThreads?.Take(isForced) is not { } successor)
        {
            return false;
        }

        left.LeftBehindAt = Stopwatch.GetTimestamp();
        var word = seen;
        if (!TryAdvance(ref word, seen.HandOver()))
        {
            successor.GiveBack();
            return true;
        }

        if (isForced)
        {
            Volatile.Write(ref _handOvers, _handOvers + 1);
        }
        else
        {
            left.HasGivenAway = true;
        }

        _leftBehind.Add(left);
        _driver = next;
        successor.Drive(next);
        if (isForced && EventLoopEventSource.Log.IsEnabled())
        {
            ReportHandOver(left.Epoch);
        }

        return true;
    }

    // An EventListener of this process is the application's, and may wait for the very handler that is stuck: it runs
    // neither on the watch nor on the thread that goes on with the loop.
    private void ReportHandOver(int epoch) => PoolWork.Queue(
        static stint => EventLoopEventSource.Log.HandOverStart(stint.Name, stint.Epoch), (Name, Epoch: epoch));

    /// <summary>A driver that has lost the loop is back from its handler.</summary>
    private void OnGone(LoopDriver driver)
    {
        var handler = driver.Staying;
        var (held, told) = _leftBehind.Remove(driver);
        foreach (var kevent in held ?? [])
        {
            Post(new HeldEvent(kevent));
        }

        var ticks = Stopwatch.GetTimestamp() - driver.LeftBehindAt;
        Interlocked.Add(ref _leftBehindTicks, ticks);
        if (driver.HasGivenAway)
        {
            return;
        }

        EventLoopEventSource.Log.HandOverStop(
            Name, driver.Epoch, (int)Stopwatch.GetElapsedTime(0, ticks).TotalMilliseconds);
        if (driver.Stay() is var stay && stay != told)
        {
            handler?.OnStayed(stay);
        }
    }
}
