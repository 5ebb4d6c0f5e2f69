using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

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

    public override SocketOption[]? OptionsToSet { get; } =
        new KqueueTransportOptions().OfConnection(AddressFamily.InterNetwork, SocketNumbers.Linux);

    /// <summary>Peers that have connected and were not accepted.</summary>
    public Queue<SimulatedConnection> Backlog { get; } = new();

    /// <summary>What listen(2) was told.</summary>
    public int BacklogMax { get; set; }

    /// <summary>Whether the kernel takes no more. Linux keeps one more than it was told (sk_acceptq_is_full).</summary>
    public bool IsFull => Backlog.Count > BacklogMax;

    public bool IsClosed { get; private set; }

    public override void Dispose()
    {
        _kernel.Calls.Close(Descriptor);
        IsClosed = true;
        if (!_kernel.HasShortage && Backlog.Any(connection => !connection.IsReset))
        {
            _kernel.Violation("Connections are left in the kernel's queue when the listener closes.");
        }

        foreach (var connection in Backlog)
        {
            connection.Refuse();
        }
    }
}
