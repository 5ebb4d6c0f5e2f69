using Kqueue.EventLoops;
using KqueueTransport.Connections.Continuations;

namespace KqueueTransport.Connections.Output;

/// <summary>
/// What a writer needs only where its peer takes less than is written: the flush that pends, and the looks whether a
/// completed output still gets on. Made when the first of them begins, and kept: most connections never have one.
/// </summary>
/// <remarks>
/// Used under the writer's lock, but for what <see cref="PendingOperation"/> lets others do. It is also the work that
/// resumes the application off the loop: one flush pends at a time.
/// </remarks>
internal sealed class OutputWait(Connection connection) : IThreadPoolWorkItem
{
    private PendingOperation _flush;

    public ref PendingOperation Flush => ref _flush;

    /// <summary>What was unsent when somebody last looked whether a completed output still gets on.</summary>
    public long UnsentAtLook { get; set; }

    public LoopTimer? NextLook { get; set; }

    public void Execute() => connection.Run(_flush.Complete());
}
