using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Simulation.Kernel;

/// <summary>The transport's own socket calls over the simulated kernel's functions.</summary>
internal sealed class SimulatedCalls : SocketCalls
{
    private readonly SimulatedKernel _kernel;

    private SimulatedCalls(SimulatedKernel kernel, SocketNumbers numbers)
        : base(new SimulatedFunctions(kernel, numbers), numbers) => _kernel = kernel;

    public SimulatedCalls(SimulatedKernel kernel)
        : this(kernel, Choose(kernel.Random))
    {
    }

    public override int DescriptorLimit => _kernel.DescriptorLimit;

    public override ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null) =>
        throw new NotSupportedException();

    public override KernelResult OpenProbe()
    {
        var descriptor = _kernel.TakeDescriptor(SimulatedKernel.Reserve);
        return descriptor < 0 ? KernelResult.Failure(Errno.EMFILE) : KernelResult.Success(descriptor);
    }

    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
    {
        var random = _kernel.Random;
        if (_kernel.Faults.Strikes(Fault.NoSocket))
        {
            // The system's calls make it by Socket, which throws; others return the error.
            return random.Next(4) switch
            {
                0 => throw new SocketException((int)SocketError.TooManyOpenSockets),
                1 => KernelResult.Failure(Errno.EMFILE),
                2 => KernelResult.Failure(Errno.ENFILE),
                _ => KernelResult.Failure(Errno.ENOBUFS),
            };
        }

        var descriptor = _kernel.TakeDescriptor(SimulatedKernel.Unconnected);
        return descriptor < 0 ? KernelResult.Failure(Errno.EMFILE) : KernelResult.Success(descriptor);
    }

    private static SocketNumbers Choose(Random random) => random.Next(3) switch
    {
        0 => SocketNumbers.Linux,
        1 => SocketNumbers.FreeBsd,
        _ => SocketNumbers.Darwin,
    };
}
