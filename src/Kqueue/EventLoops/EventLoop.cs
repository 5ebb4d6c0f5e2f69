using System.Diagnostics;
using System.Runtime.InteropServices;

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
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _unhandledException;
    private readonly ManualResetEventSlim _stopped = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // What any thread posts; the driver takes it into the list of the turn.
    private readonly WorkQueue _posted = new();

    // What the loop owes: work that its handlers have put off. Any driver adds, also one that is just losing the loop;
    // whoever drives claims.
    private readonly WorkQueue _owed = new();

    // Keeps changes that other threads hand in apart from the queue's disposal.
    private readonly Lock _submitGate = new();

    // The list of the turn: timers that are due and posted work, then events. Filled by the driver in the wait and
    // read-only until the next one.
    private readonly KEvent[] _events;
    private readonly IThreadPoolWorkItem?[] _work = new IThreadPoolWorkItem?[WorkPerTurn];
    private int _eventCount;
    private int _workCount;

    // The ClaimWord. Only ever changed by compare-and-swap.
    private long _word = ClaimWord.Initial.Value;

    // The driver's own, and hints to one that has lost the loop: the time at which the last wait ended; where the batch
    // begins after which the loop does what it owes, and when it began; when a driver last took its mark.
    private long _now;
    private int _batchStart;
    private long _batchStartedAt;
    private long _markedAt;

    // The driver's own; other threads read them and may see the last turn's.
    private long _waits;
    private long _eventsTaken;
    private long _handlerTicks;

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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.EventCapacity, EventLoopOptions.EventCapacityMax);
        Name = options.Name;
        _unhandledException = options.UnhandledException;
        _events = new KEvent[options.EventCapacity];
        _clock = options.TimeProvider;
        _timers = new TimerQueue(_clock);
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

    /// <summary>
    /// Completes when the loop has ended and given its kernel queue back, after <see cref="Stop"/> or with an exception
    /// out of <see cref="Run"/>.
    /// </summary>
    public Task Completion => _completion.Task;

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
    /// <exception cref="OutOfMemoryException">The system has no thread; the loop can be started again.</exception>
    public void Start()
    {
        var driver = TakeStart();
        try
        {
            new Thread(() => Drive(driver)) { Name = Name, IsBackground = true }.UnsafeStart();
        }
        catch
        {
            Volatile.Write(ref _state, (int)LoopState.Created);
            throw;
        }
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

    /// <summary>Gives a descriptor a place in the loop, and keeps it open until the registration is disposed.</summary>
    /// <param name="handle">The descriptor; non-blocking.</param>
    /// <param name="handler">What to call.</param>
    /// <returns>
    /// The registration; dispose it just before the handle, or disarm its filters first where that stays open.
    /// </returns>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    public Registration Register(SafeHandle handle, IEventHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentNullException.ThrowIfNull(handler);
        var isAdded = false;
        handle.DangerousAddRef(ref isAdded);
        return Register(handle.DangerousGetHandle(), new OpenHandle(handle, handler));
    }

    /// <summary>
    /// Runs work on the loop, begun in the order of posting and never inside this call. On a loop that has stopped it
    /// runs on the thread pool, so that work is never lost. The caller's execution context does not flow.
    /// </summary>
    /// <param name="work">What to run. The same object may be posted again.</param>
    public void Post(IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        _posted.Enqueue(work);
        OnAdded();
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
    /// <param name="dueTime">
    /// From now; zero is as soon as the loop comes to it, <see cref="Timeout.InfiniteTimeSpan"/> never.
    /// </param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    /// <returns>The timer; dispose it to call it off.</returns>
    /// <remarks>When the loop has ended, its timers fire on the thread pool.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public LoopTimer Schedule(TimeSpan dueTime, Action<object?> callback, object? state) =>
        Schedule(dueTime, TimeSpan.Zero, callback, state);

    /// <summary>Calls back on the loop after a time, and then again and again.</summary>
    /// <param name="dueTime">The first time, from now.</param>
    /// <param name="period">
    /// From each deadline to the next. Those that the loop comes too late for are left out.
    /// </param>
    /// <param name="callback">What to run.</param>
    /// <param name="state">What to give it.</param>
    /// <returns>The timer; dispose it to call it off.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative.</exception>
    public LoopTimer Schedule(TimeSpan dueTime, TimeSpan period, Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new LoopTimer(this, callback, state);
        SetTimer(timer, dueTime, period);
        return timer;
    }

    /// <summary>
    /// Goes on with an <see langword="async"/> method on the loop: <c>await loop.SwitchTo();</c>. On the loop itself it
    /// goes on at once.
    /// </summary>
    public LoopAwaitable SwitchTo() => new(this);

    internal void SetTimer(LoopTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        ThrowIfNegative(dueTime, nameof(dueTime));
        ThrowIfNegative(period, nameof(period));
        var isEarliest = _timers.Set(timer, dueTime, period);
        Interlocked.MemoryBarrier();
        if (isEarliest && Word.IsInWait)
        {
            Wake();
        }
    }

    private static void ThrowIfNegative(TimeSpan time, string name)
    {
        if (time != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, name);
        }
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

    /// <summary>
    /// Puts work off until the handler that the calling thread runs for its loop has returned, and perhaps some of the
    /// next: what several put off is done together. The loop owes it from then on, whoever drives it.
    /// </summary>
    /// <returns>False when the calling thread drives no loop, or has lost it: do the work elsewhere.</returns>
    internal static bool TryDefer(IThreadPoolWorkItem work)
    {
        if (LoopDriver.Current is not { IsDriving: true } driver)
        {
            return false;
        }

        driver.Loop._owed.Enqueue(work);
        driver.Loop.OnOwed(driver);
        return true;
    }

    internal bool Remove(Registration registration)
    {
        if (!_registrations.Remove(registration))
        {
            return false;
        }

        lock (_submitGate)
        {
            if (!_queueDisposed)
            {
                _queue.ForgetDescriptor((int)registration.Ident);
            }
        }

        return true;
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

    // The driver looks at what the loop owes before it waits. If the loop was taken from it in this very moment, its
    // successor may have looked before.
    private void OnOwed(LoopDriver driver)
    {
        Interlocked.MemoryBarrier();
        if (!driver.IsDriving)
        {
            OnAdded();
        }
    }

    private void OnAdded()
    {
        // The driver announces the wait and then looks for work; the caller has added work, and this looks for a driver
        // in the wait. With a full fence between the two steps on either side, one of them sees the other.
        Interlocked.MemoryBarrier();
        if (Word.IsInWait)
        {
            Wake();
        }

        if (Volatile.Read(ref _state) == (int)LoopState.Stopped)
        {
            MoveWorkToThreadPool();
        }
    }

    private void MoveWorkToThreadPool()
    {
        _posted.MoveToThreadPool();
        _owed.MoveToThreadPool();
    }

    // There is a rest where an exception ends the loop.
    private void MoveRestOfTurnToThreadPool()
    {
        var word = Word;
        for (var i = word.IsInWait ? _workCount : word.Event; i < _workCount; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_work[i]!, preferLocal: false);
        }
    }

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
        if (_posted.TakeWake() &&
            Submit(new KEvent(0, KEventFilter.User, KEventFlags.None, KEventNotes.Trigger)).IsError)
        {
            _posted.GiveBackWake();
        }
    }

    private void End()
    {
        Volatile.Write(ref _state, (int)LoopState.Stopped);
        Debug.Assert(_driver.IsDriving, "Only the driver ends its loop.");
        Interlocked.MemoryBarrier();
        MoveRestOfTurnToThreadPool();
        MoveWorkToThreadPool();
        lock (_submitGate)
        {
            _queueDisposed = true;
            _queue.Dispose();
        }

        _timers.End();
        _stopped.Set();
        _completion.TrySetResult();
    }

    private sealed class CallbackWork(Action<object?> callback, object? state) : IThreadPoolWorkItem
    {
        public void Execute() => callback(state);
    }
}
