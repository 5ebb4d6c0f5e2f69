namespace Kqueue.EventLoops;

/// <summary>How an <see cref="EventLoop"/> is made.</summary>
public sealed class EventLoopOptions
{
    internal const int EventCapacityMax = 8192;

    /// <summary>
    /// The name of the loop, and of the thread that <see cref="EventLoop.Start"/> makes. Defaults to <c>kqueue</c>.
    /// </summary>
    public string Name { get; set; } = "kqueue";

    /// <summary>
    /// How many events one wait takes from the kernel at most. Defaults to 256; 1 to 8,192. No wait takes more than 256
    /// over epoll, or 128 over a kqueue. What does not fit comes with the next wait.
    /// </summary>
    public int EventCapacity { get; set; } = 256;

    /// <summary>
    /// How the loop's kernel queue is made. Its <see cref="KernelQueueOptions.FillData"/> defaults to false here,
    /// because registrations are told only that something is ready.
    /// </summary>
    public KernelQueueOptions KernelQueue { get; set; } = new() { FillData = false };

    /// <summary>Makes the loop's kernel queue. Tests put their own in its place.</summary>
    internal Func<KernelQueueOptions, KernelQueue> CreateQueue { get; set; } = Kqueue.KernelQueue.Create;

    /// <summary>
    /// Whether the loop refuses a kernel that does not take READ and WRITE of one descriptor. Defaults to false: a loop
    /// can do with one.
    /// </summary>
    internal bool NeedsBothFilters { get; set; }

    /// <summary>The clock of the timers. Defaults to the system's.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>
    /// Called with an exception that a handler, a timer or a piece of work let escape, on the thread that ran it; the
    /// loop then goes on. Defaults to null: the exception ends the thread, and with it the process. So does, in any
    /// case, one of work or of a timer that runs on the thread pool because the loop has ended.
    /// </summary>
    public Action<Exception>? UnhandledException { get; set; }
}
