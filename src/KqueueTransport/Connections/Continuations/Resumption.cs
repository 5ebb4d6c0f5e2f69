namespace KqueueTransport.Connections.Continuations;

/// <summary>
/// The work item that resumes the application off the loop. It is apart from the work that a reader or a writer does
/// on the loop, so that neither thread can take the other's.
/// </summary>
internal sealed class Resumption(Action resume) : IThreadPoolWorkItem
{
    public void Execute() => resume();
}
