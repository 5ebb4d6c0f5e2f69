using System.Diagnostics;
using Kqueue.EventLoops.Driving;
using Kqueue.EventLoops.Work;

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
    private readonly TimeProvider _clock;
    private readonly Action<Exception>? _unhandledException;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The list of the turn: timers that are due and posted work, then events. Filled by the driver in the wait and
    // read-only until the next one.
    private readonly KEvent[] _events;
    private readonly IThreadPoolWorkItem?[] _work = new IThreadPoolWorkItem?[ClaimWord.WorkMax];
    private int _eventCount;
    private int _workCount;

    // The ClaimWord. Only ever changed by compare-and-swap.
    private long _word = ClaimWord.Initial.Value;

    // The driver's own, and hints to one that has lost the loop: the time at which the last wait ended, and that at
    // which the batch began after which the loop does what it owes.
    private long _now;
    private long _batchStartedAt;

    // The driver's own; other threads read them and may see the last turn's.
    private long _waits;
    private long _eventsTaken;
    private long _handlerTicks;

    private volatile LoopState _state;

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
        _spin = new WaitSpin(_clock);
        _driver = new LoopDriver(this, epoch: 0);
        _queue = options.CreateQueue(options.KernelQueue);
        try
        {
            if (options.NeedsBothFilters)
            {
                _queue.RequireBothFilters();
            }

            AddWakeEvent();
        }
        catch
        {
            _queue.Dispose();
            throw;
        }
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
            if (!Completion.IsCompleted)
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
            if (!TryEnter(LoopState.Created, from: LoopState.Running))
            {
                // It was stopped meanwhile, and whoever disposes it waits for its end.
                End();
            }

            throw;
        }
    }

    /// <summary>
    /// Asks the loop to end once its posted work is done. Returns at once; <see cref="Dispose"/> waits. Work that is
    /// posted later runs on the thread pool. A loop that was not started takes no notice.
    /// </summary>
    public void Stop()
    {
        if (TryEnter(LoopState.Stopping, from: LoopState.Running))
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
        if (TryEnter(LoopState.Stopped, from: LoopState.Created))
        {
            End();
            return;
        }

        Stop();
        if (LoopDriver.Current?.Loop != this)
        {
            Completion.Wait();
        }
    }

    /// <summary>Starts the loop; the caller gives the result to a thread that drives it.</summary>
    internal LoopDriver TakeStart()
    {
        if (!TryEnter(LoopState.Running, from: LoopState.Created))
        {
            throw new InvalidOperationException("This event loop was started before. Make a new one to run again.");
        }

        return _driver;
    }

    private bool TryEnter(LoopState state, LoopState from) =>
        Interlocked.CompareExchange(ref _state, state, from) == from;

    private void End()
    {
        _state = LoopState.Stopped;
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
        _completion.TrySetResult();
    }
}
