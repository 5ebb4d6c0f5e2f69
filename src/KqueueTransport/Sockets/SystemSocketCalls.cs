using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>
/// The running system's sockets: the hot calls by its C library, the cold ones by <see cref="Socket"/>, which knows
/// each system's families, options and error messages.
/// </summary>
internal sealed class SystemSocketCalls : NativeSocketCalls
{
    private SystemSocketCalls(SocketNumbers numbers)
        : base(SocketFunctions.OfSystem, numbers)
    {
    }

    /// <summary>The one instance.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is none of the supported ones.</exception>
    public static SystemSocketCalls Instance => field ??= new SystemSocketCalls(SocketNumbers.OfThisSystem());

    public override bool HasProcessDescriptors => true;

    public override int DescriptorLimit => Functions.getdtablesize();

    public override ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null) =>
        SystemListenSocket.Open(endPoint, options, takenOver, Numbers);

    // Socket makes the descriptor, close-on-exec and of the right family, and gives it up without closing it.
    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
    {
        var socket = SystemSocket.Create(remote, isMultipath, Numbers);
        SystemSocket.MakeNonBlocking(socket, Numbers);
        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return KernelResult.Success(descriptor);
    }
}
