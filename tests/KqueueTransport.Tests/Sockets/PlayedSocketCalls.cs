using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The calls as another system gets them, over sockets of this one.</summary>
internal sealed class PlayedSocketCalls(SocketAbi system, SocketNumbers numbers)
    : NativeSocketCalls(new PlayedSocketFunctions(system), numbers)
{
    public override ListenSocket Listen(EndPoint endPoint, ListenSocketOptions options) =>
        SystemSocketCalls.Instance.Listen(endPoint, options);

    protected override KernelResult CreateSocket(EndPoint remote)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return KernelResult.Success(descriptor);
    }
}
