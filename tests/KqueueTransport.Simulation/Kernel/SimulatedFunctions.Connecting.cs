using System.Net;
using Kqueue;
using KqueueTransport.Connections;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Addresses;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Simulation.Kernel;

#pragma warning disable IDE1006 // The functions keep their C names.

// What is asked of descriptors that connect.
internal sealed unsafe partial class SimulatedFunctions
{
    // An end that had the address of its peer would be its own peer.
    private static readonly IPAddress s_here = new([127, 0, 0, 2]);

    public override int connect(int descriptor, byte* address, uint addressLength)
    {
        if (kernel.Find(descriptor) != SimulatedKernel.Unconnected)
        {
            kernel.Violation($"connect on descriptor {descriptor}, which is no new socket.");
            return Fail(Errno.EBADF);
        }

        var remote = SocketCalls.CreateAddress();
        new ReadOnlySpan<byte>(address, (int)addressLength).CopyTo(remote.Buffer.Span);
        remote.Size = (int)addressLength;
        var host = kernel.Hosts[((IPEndPoint)remote.ToEndPoint()!).Address];
        var error = host.Connect(descriptor);
        if (error is Errno.None or Errno.EINPROGRESS)
        {
            kernel.Give(descriptor, host.Connection);
        }

        // The connection goes on being made.
        var isInterrupted = error == Errno.EINPROGRESS && kernel.Faults.Strikes(Fault.Interrupted);
        return error == Errno.None ? 0 : Fail(isInterrupted ? Errno.EINTR : error);
    }

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length)
    {
        if (kernel.Find<SimulatedConnection>(descriptor, "getsockopt") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        var error = connection.TakeError();
        *(int*)value = error == Errno.None ? 0 : NumberOf(error);
        return 0;
    }

    public override int getpeername(int descriptor, byte* address, uint* addressLength)
    {
        if (kernel.Find<SimulatedConnection>(descriptor, "getpeername") is not { } connection)
        {
            return Fail(Errno.EBADF);
        }

        if (!connection.IsConnected)
        {
            // Linux, and the others.
            return Fail(kernel.Random.Next(2) == 0 ? Errno.ENOTCONN : Errno.EINVAL);
        }

        return Write(new IPEndPoint(IPAddress.Loopback, connection.Id), address, addressLength);
    }

    public override int getsockname(int descriptor, byte* address, uint* addressLength) =>
        kernel.Find<SimulatedConnection>(descriptor, "getsockname") is { } connection
            ? Write(new IPEndPoint(s_here, connection.Id), address, addressLength)
            : Fail(Errno.EBADF);

    private static int Write(IPEndPoint endPoint, byte* address, uint* addressLength)
    {
        var written = endPoint.Serialize();
        written.Buffer.Span[..written.Size].CopyTo(new Span<byte>(address, (int)*addressLength));
        *addressLength = (uint)written.Size;
        return 0;
    }
}
#pragma warning restore IDE1006
