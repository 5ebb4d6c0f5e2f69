using System.Diagnostics;
using Kqueue.Interop;

namespace Kqueue.EventLoops.Driving;

/// <summary>
/// One thread's stint at driving a loop, from the moment the loop is given to it until it stops or is handed over, and
/// on until the handler that it was handed over with is back.
/// </summary>
internal sealed class LoopDriver(EventLoop loop, int epoch)
{
    [ThreadStatic]
    private static LoopDriver? t_current;

    private volatile object? _running;
    private volatile bool _hasBegun;

    // The driving thread's clock, for the watch. Written before the first claim.
    private int? _clock;
    private Thread? _thread;

    // What the clock showed when the watch saw the driver where it is first, and when that was. The watch's; the driver
    // reads it when it is back.
    private long _seenCpuNs;
    private long _seenAt;

    // Raised by the watch, lowered by the driver.
    private volatile bool _mustMark;

    // What the thread had used up at the end of a wait a short while ago, and how long it has waited for events since,
    // for how much of that it has asked for them, and how often it has slept there. The driving thread's.
    private ThreadUsage _mark;
    private TimeSpan _waitedSinceMark;
    private TimeSpan _askedSinceMark;
    private int _sleepsSinceMark;

    private TakenThread _taken;

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

    /// <summary>Whether a thread is there. A loop is not taken from a driver that the kernel has not run yet.</summary>
    public bool HasBegun => _hasBegun;

    /// <summary>When the loop was taken from this driver. Written by whoever takes it, before it does.</summary>
    public long LeftBehindAt { get; set; }

    /// <summary>Whether the driver gave the loop away by itself. Written by the driving thread.</summary>
    public bool HasGivenAway { get; set; }

    /// <summary>
    /// What this driver runs, or is about to claim: a registration, a piece of work, or nothing. Written by the driving
    /// thread before the claim, so that the swap of a hand-over publishes it.
    /// </summary>
    public object? Running
    {
        get => _running;
        set => _running = value;
    }

    /// <summary>Whether the loop is still this driver's.</summary>
    public bool IsDriving => Loop.Epoch == Epoch;

    /// <summary>Events that wait until this driver is back. Under the lock of <see cref="LeftBehind"/>.</summary>
    public List<KEvent>? Held { get; set; }

    /// <summary>Looks of the watch since the loop was taken. Under the lock of <see cref="LeftBehind"/>.</summary>
    public int Looks { get; set; }

    /// <summary>
    /// What the handler was told that it does, if it was. Under the lock of <see cref="LeftBehind"/>.
    /// </summary>
    public HandlerStay? Told { get; set; }

    /// <summary>Whether the driver marks when its wait is over.</summary>
    public bool MustMark => _mustMark;

    /// <summary>Who wants to hear about <see cref="Running"/>.</summary>
    public IStayingHandler? Staying => ((Running as Registration)?.Handler ?? Running) as IStayingHandler;

    /// <summary>The calling thread begins to drive.</summary>
    public void Begin()
    {
        _taken = TakenThread.Current();
        if (Loop.Watch is not null)
        {
            _thread = Thread.CurrentThread;
            _clock = Libc.FindThreadClock();
            Mark();
        }

        _hasBegun = true;
    }

    /// <summary>A handler is back: the next finds the thread as the first did.</summary>
    public void Leave()
    {
        _taken.GiveBack();

        // Who lost the loop is asked what it ran, and is about to leave.
        if (IsDriving)
        {
            _running = null;
        }
    }

    /// <summary>A wait is over.</summary>
    /// <param name="duration">All of it.</param>
    /// <param name="asked">For how long the thread asked, and ran or let others run, before it slept.</param>
    public void NoteWait(TimeSpan duration, TimeSpan asked)
    {
        _waitedSinceMark += duration;
        _askedSinceMark += asked;
        _sleepsSinceMark += asked < duration ? 1 : 0;
        if (_mustMark)
        {
            _mustMark = false;
            Mark();
        }
    }

    /// <summary>What the handler did that has just come back, and that the watch took the loop from.</summary>
    public HandlerStay Stay()
    {
        // What others ran before it since the mark is not its own: the watch has seen it a period before it took the
        // loop.
        var usage = ThreadUsage.Now(TimeProvider.System, isEnd: true);
        return usage.After(
            _mark,
            usage.Wall - _mark.Wall - _waitedSinceMark,
            usage.CpuNs - (_clock is null ? _mark.CpuNs : Volatile.Read(ref _seenCpuNs)),
            _sleepsSinceMark,
            _askedSinceMark);
    }

    /// <summary>The driver is not where it was at the last look. On the watch.</summary>
    /// <param name="isInWait">Whether it runs nothing.</param>
    /// <param name="mustMark">Whether it is to note what its thread has used, which costs five system calls.</param>
    public void NoteMoved(bool isInWait, bool mustMark)
    {
        if (mustMark)
        {
            _mustMark = true;
        }

        // The clock of one that has not begun may be half written. It moves when it has.
        if (!isInWait && _hasBegun)
        {
            Volatile.Write(ref _seenCpuNs, _clock is { } clock ? Libc.ClockNs(clock) : 0);
            _seenAt = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>
    /// Whether the thread runs, as often as others let it, since the watch saw the driver there first: a share of the
    /// time in which it comes to what a handler that computes must have run by the time that it is told. One that gets
    /// less is told that it blocks, until it is back. Where nobody can see what another thread has run, one that does
    /// not wait for a lock or the like passes for one that computes. On the watch.
    /// </summary>
    public bool Computes()
    {
        if (_clock is not { } clock)
        {
            return _thread is { } thread && (thread.ThreadState & System.Threading.ThreadState.WaitSleepJoin) == 0;
        }

        return (Libc.ClockNs(clock) - _seenCpuNs) * ThreadUsage.UnsureSleptNsMin >=
            Stopwatch.GetElapsedTime(_seenAt).TotalNanoseconds * ThreadUsage.StayNsMin;
    }

    private void Mark()
    {
        _mark = ThreadUsage.Now(TimeProvider.System, isEnd: false);
        (_waitedSinceMark, _askedSinceMark, _sleepsSinceMark) = (TimeSpan.Zero, TimeSpan.Zero, 0);
    }
}
