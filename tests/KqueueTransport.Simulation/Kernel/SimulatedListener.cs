using System.Net;
using KqueueTransport.Simulation.Conversations;
using KqueueTransport.Sockets;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>The listen socket, and the kernel's queue behind it.</summary>
internal sealed class SimulatedListener : ListenSocket
{
    private readonly SimulatedKernel _kernel;

    public SimulatedListener(SimulatedKernel kernel)
    {
        _kernel = kernel;
        Descriptor = kernel.TakeDescriptor(this);
    }

    public override int Descriptor { get; }

    public override EndPoint EndPoint { get; } = new IPEndPoint(IPAddress.Loopback, 80);

    public override SocketOptions? OptionsToSet => new(NoDelay: true);

    /// <summary>Peers that have connected and were not accepted.</summary>
    public Queue<SimulatedConnection> Backlog { get; } = new();

    public bool IsClosed { get; private set; }

    public override void Dispose()
    {
        _kernel.Calls.Close(Descriptor);
        IsClosed = true;
        foreach (var connection in Backlog)
        {
            connection.Refuse();
        }
    }
}
