using System.Diagnostics;

namespace Kqueue.EventLoops;

/// <summary>
/// An event loop on a kernel event queue: it waits, dispatches events to registrations, fires timers and runs work
/// that any thread posts.
/// </summary>
/// <remarks>
/// A loop is not a thread. It is a queue, an event list, a cursor into that list, work and timers, and exactly one
/// thread drives it at a time. A driver claims each event, timer and piece of work before it runs it, by a swap of one
/// word; so the loop can be handed to another thread while a handler is still running, and the first driver notices at
/// its next claim and leaves. Members may be called from any thread unless they say otherwise.
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    private readonly KernelQueue _queue;
    private readonly RegistrationTable _registrations = new();
    private readonly TimerQueue _timers;
    private readonly WorkQueue _work = new();
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _unhandledException;
    private readonly ManualResetEventSlim _stopped = new();

    // Keeps changes that other threads hand in apart from the queue's disposal.
    private readonly Lock _submitGate = new();

    // Filled by the driver in the wait and read-only until the next one. A driver copies an event before it claims it:
    // when the claim succeeds, the turn is still the same and so the copy was whole.
    private readonly KEvent[] _events;

    private int _eventCount;

    private BatchingYield _yield;
    private WaitSpin _spin;

    // The ClaimWord. Only ever changed by compare-and-swap.
    private long _word = ClaimWord.Initial.Value;

    // The stint that belongs to the word's epoch. Written by whoever swapped the epoch in, before that stint drives.
    private LoopDriver _driver;

    // The driver's own, for the counters below; other threads read them and may see the last turn's.
    private long _waits;
    private long _eventsTaken;
    private long _handlerTicks;
    private long _turnStart;

    // Added to by drivers that have lost the loop: only with Interlocked.
    private long _leftBehindTicks;

    // Counted by the watch.
    private long _handOvers;

    private int _state = (int)LoopState.Created;
    private bool _queueDisposed;

    /// <summary>Makes a loop. It does nothing until <see cref="Run"/> or <see cref="Start"/>.</summary>
    /// <param name="options">How; null takes the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The event capacity is out of range.</exception>
    /// <exception cref="PlatformNotSupportedException">No backend serves this system.</exception>
    /// <exception cref="KernelQueueException">The kernel refused a queue.</exception>
    public EventLoop(EventLoopOptions? options = null)
    {
        options ??= new EventLoopOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.EventCapacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.EventCapacity, ClaimWord.MaxCursor / 2);
        Name = options.Name;
        _unhandledException = options.UnhandledException;
        _events = new KEvent[options.EventCapacity];
        _clock = options.TimeProvider;
        _timers = new TimerQueue(_clock);
        _yield = new BatchingYield(_clock);
        _spin = new WaitSpin(_clock, Environment.ProcessorCount);
        _driver = new LoopDriver(this, epoch: 0);
        _queue = options.CreateQueue(options.KernelQueue);
        AddWakeEvent();
    }

    internal EventLoop(EventLoopOptions options, int number)
        : this(options) => Name = $"{options.Name} {number}";

    private enum LoopState
    {
        Created,
        Running,
        Stopping,
        Stopped,
    }

    /// <summary>The loop that the calling thread is driving, or null.</summary>
    public static EventLoop? Current => LoopDriver.Current is { IsDriving: true } driver ? driver.Loop : null;

    /// <summary>The loop's name.</summary>
    public string Name { get; }

    /// <summary>What serves the kernel queue: <see cref="KernelQueue.BackendName"/>.</summary>
    public string BackendName => _queue.BackendName;

    /// <summary>How many registrations the loop has. Exact only on a quiet loop.</summary>
    public int RegistrationCount => _registrations.Count;

    /// <summary>How often the loop has waited for events.</summary>
    public long WaitCount => Volatile.Read(ref _waits);

    /// <summary>How many events the loop has taken from the kernel.</summary>
    public long EventCount => Volatile.Read(ref _eventsTaken);

    /// <summary>How long the loop has been in handlers, timers and work, up to its last wait.</summary>
    /// <remarks>
    /// It is the time between the end of a wait and the begin of the next: finding out what to run counts in, some tens
    /// of nanoseconds for each event, and the calls of the kernel queue do not. Nor does what a handler takes after the
    /// loop was taken from it, which is <see cref="LeftBehindTime"/>.
    /// </remarks>
    public TimeSpan HandlerTime => _clock.GetElapsedTime(0, Volatile.Read(ref _handlerTicks));

    /// <summary>How long handlers went on after the loop was taken from them. Counted when they are back.</summary>
    public TimeSpan LeftBehindTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _leftBehindTicks));

    /// <summary>How often the loop was taken from a stuck thread.</summary>
    public long HandOverCount => Volatile.Read(ref _handOvers);

    /// <summary>How often the loop was handed over, modulo 2^24.</summary>
    internal int Epoch => Word.Epoch;

    /// <summary>Who is told when the loop leaves its wait. Set before the loop runs.</summary>
    internal LoopWatch? Watch { get; set; }

    /// <summary>
    /// Whether somebody runs what a stuck driver has put off. Where nobody does, nothing stays put off while the next
    /// handler runs. Set before the loop runs.
    /// </summary>
    internal bool IsWatched { get; set; }

    internal ClaimWord Word => new(Volatile.Read(ref _word));

    /// <summary>The stint that the loop was given to last. Replaced by the watch alone.</summary>
    internal LoopDriver Driver => _driver;

    /// <summary>
    /// Puts work off until the handler that the calling thread is running has returned to its loop, or until the loop
    /// is taken from that handler. In a group with hand-over it stays put off while the handlers of the next events
    /// run, for 200 µs and seven of them at most: what those put off is then done together, which takes less of the
    /// processor's time. Eight pieces of work can be put off at a time; the same piece counts once.
    /// </summary>
    /// <param name="work">What to run; it must bear to be run once too often.</param>
    /// <returns>False when this thread drives no loop or too much is put off: do the work at once.</returns>
    public static bool TryDefer(IThreadPoolWorkItem work) => LoopDriver.Current?.TryDefer(work) ?? false;

    /// <summary>
    /// Drives the loop on the calling thread until <see cref="Stop"/>. An exception that escapes, see
    /// <see cref="EventLoopOptions.UnhandledException"/>, ends the loop.
    /// </summary>
    /// <exception cref="InvalidOperationException">The loop runs, or ran, already.</exception>
    /// <exception cref="KernelQueueException">The kernel queue failed.</exception>
    public void Run()
    {
        var driver = TakeStart();
        try
        {
            Drive(driver);
        }
        finally
        {
            if (!_stopped.IsSet)
            {
                End();
            }
        }
    }

    /// <summary>Drives the loop on a background thread of its own until <see cref="Stop"/>.</summary>
    /// <exception cref="InvalidOperationException">The loop runs, or ran, already.</exception>
    public void Start()
    {
        var driver = TakeStart();
        new Thread(() => Drive(driver)) { Name = Name, IsBackground = true }.Start();
    }

    /// <summary>
    /// Asks the loop to end once its posted work is done. Returns at once; <see cref="Dispose"/> waits. Work that is
    /// posted later runs on the thread pool. A loop that was not started takes no notice.
    /// </summary>
    public void Stop()
    {
        if (Interlocked.CompareExchange(ref _state, (int)LoopState.Stopping, (int)LoopState.Running) ==
            (int)LoopState.Running)
        {
            Wake();
        }
    }

    /// <summary>
    /// Stops the loop, waits until it has ended and gives its kernel queue back. Called on the loop itself it only
    /// stops it, and the loop gives the queue back as it ends.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, (int)LoopState.Stopped, (int)LoopState.Created) ==
            (int)LoopState.Created)
        {
            End();
            return;
        }

        Stop();
        if (LoopDriver.Current?.Loop != this)
        {
            _stopped.Wait();
        }
    }

    /// <summary>Gives a descriptor a place in the loop. Arm its filters next.</summary>
    /// <param name="ident">The descriptor; non-blocking, and open for as long as the registration lives.</param>
    /// <param name="handler">What to call.</param>
    /// <returns>The registration; dispose it just before the descriptor is closed.</returns>
    public Registration Register(nint ident, IEventHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var registration = new Registration(this, ident, handler);
        _registrations.Add(registration);
        return registration;
    }

    /// <summary>
    /// Runs work on the loop, in the order of posting and never inside this call. On a loop that has stopped it runs
    /// on the thread pool, so that work is never lost.
    /// </summary>
    /// <param name="work">What to run. The same object may be posted again.</param>
    public void Post(IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _work.Enqueue(work);

        // The driver announces the wait and then looks for work; this adds work and then looks for a driver in the
        // wait. With a full fence between the two steps on either side, one of them sees the other.
        Interlocked.MemoryBarrier();
        if (Word.IsInWait)
        {
            Wake();
        }

        if (Volatile.Read(ref _state) == (int)LoopState.Stopped)
        {
            _work.MoveToThreadPool();
        }
    }

    /// <summary>Runs a callback on the loop, as <see cref="Post(IThreadPoolWorkItem)"/> does.</summary>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    public void Post(Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        Post(new CallbackWork(callback, state));
    }

    /// <summary>Calls back once on the loop after a time.</summary>
    /// <param name="dueTime">From now; zero or less is as soon as the loop comes to it.</param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    /// <returns>The timer; dispose it to call it off.</returns>
    public LoopTimer Schedule(TimeSpan dueTime, Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = _timers.Add(dueTime, callback, state, out var isEarliest);
        Interlocked.MemoryBarrier();
        if (isEarliest && Word.IsInWait)
        {
            Wake();
        }

        return timer;
    }

    /// <summary>Hands one change to the kernel at once.</summary>
    /// <returns>0, or the kernel's error; EBADF when the loop has ended.</returns>
    internal KernelResult Submit(in KEvent change)
    {
        lock (_submitGate)
        {
            return _queueDisposed
                ? KernelResult.Failure(Errno.EBADF)
                : _queue.TryKevent(new ReadOnlySpan<KEvent>(in change), [], timeoutNs: 0);
        }
    }

    internal bool Remove(Registration registration)
    {
        var isRemoved = _registrations.Remove(registration);
        if (isRemoved)
        {
            lock (_submitGate)
            {
                if (!_queueDisposed)
                {
                    _queue.ForgetDescriptor((int)registration.Ident);
                }
            }
        }

        return isRemoved;
    }

    /// <summary>Starts the loop; the caller gives the result to a thread that drives it.</summary>
    internal LoopDriver TakeStart()
    {
        if (Interlocked.CompareExchange(ref _state, (int)LoopState.Running, (int)LoopState.Created) !=
            (int)LoopState.Created)
        {
            throw new InvalidOperationException("This event loop was started before. Make a new one to run again.");
        }

        return _driver;
    }

    /// <summary>
    /// Takes the loop from a driver that has not moved since <paramref name="seen"/>. Returns the stint to give to
    /// another thread, or null when the driver moved or is in the wait.
    /// </summary>
    internal LoopDriver? TryTakeOver(ClaimWord seen)
    {
        var left = _driver;
        left.LeftBehindAt = Stopwatch.GetTimestamp();
        if (seen.IsInWait || !TrySwap(seen, seen.HandOver()))
        {
            return null;
        }

        Volatile.Write(ref _handOvers, _handOvers + 1);
        EventLoopEventSource.Log.HandOverStart(Name, left.Epoch);
        _driver = new LoopDriver(this, seen.HandOver().Epoch);
        RunDeferredOf(left);
        return _driver;
    }

    /// <summary>
    /// Does what a driver has put off that is stuck, or has lost the loop: on the watch, and on that driver.
    /// </summary>
    internal void RunDeferredOf(LoopDriver driver)
    {
        for (var place = 0; place < DeferredWork.Capacity; place++)
        {
            if (driver.TakeDeferred(place) is { } work)
            {
                Execute(work);
            }
        }
    }

    /// <summary>Tells a handler that it holds up the loop. On the watch.</summary>
    internal void Blame(object running, bool isHandedOver)
    {
        try
        {
            (running as IWatchedHandler)?.OnStuck(isHandedOver);
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            _unhandledException(exception);
        }
    }

    private void Execute(IThreadPoolWorkItem work)
    {
        try
        {
            work.Execute();
        }
        catch (Exception exception) when (_unhandledException is not null)
        {
            _unhandledException(exception);
        }
    }

    private bool TrySwap(ClaimWord from, ClaimWord to) =>
        Interlocked.CompareExchange(ref _word, to.Value, from.Value) == from.Value;

    private void AddWakeEvent()
    {
        // The knote is added and triggered in two calls: FreeBSD drops a trigger that comes with EV_ADD
        // (kern_event.c, filt_userattach), and EV_CLEAR sent again with a trigger would take the trigger back.
        var result = Submit(new KEvent(0, KEventFilter.User, KEventFlags.Add | KEventFlags.Clear));
        if (result.IsError)
        {
            _queue.Dispose();
            KernelQueueException.Throw("kevent(EVFILT_USER)", result.Error, BackendName);
        }
    }

    private void Wake()
    {
        if (_work.TakeWake())
        {
            Submit(new KEvent(0, KEventFilter.User, KEventFlags.None, KEventNotes.Trigger));
        }
    }

    private void End()
    {
        Volatile.Write(ref _state, (int)LoopState.Stopped);
        Debug.Assert(_driver.IsDriving, "Only the driver ends its loop.");
        Interlocked.MemoryBarrier();
        _work.MoveToThreadPool();
        lock (_submitGate)
        {
            _queueDisposed = true;
            _queue.Dispose();
        }

        _stopped.Set();
    }

    private sealed class CallbackWork(Action<object?> callback, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => callback(state);
    }
}
