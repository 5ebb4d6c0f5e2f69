using Kqueue;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>A peer connects: it waits in the kernel's queue until the process accepts it.</summary>
internal sealed class InboundHandshake(
    SimulatedKernel kernel, SimulatedListener listener, SimulatedConnection connection) : IHandshake
{
    public bool IsPossible => !IsDone && !listener.IsClosed && !listener.IsFull;

    public bool IsDone { get; private set; }

    public void Take()
    {
        IsDone = true;
        listener.Backlog.Enqueue(connection);
        kernel.Changed(listener.Descriptor, KEventFilter.Read);
    }
}
