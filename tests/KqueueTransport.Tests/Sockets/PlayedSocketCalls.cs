using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The calls as another system gets them, over sockets of this one.</summary>
internal sealed class PlayedSocketCalls(SocketAbi system, SocketNumbers numbers)
    : SocketCalls(new PlayedSocketFunctions(system), numbers)
{
    public override bool HasProcessDescriptors => true;

    public override int DescriptorLimit => SystemSocketCalls.Instance.DescriptorLimit;

    public override ListenSocket Listen(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver = null)
    {
        var opened = SystemSocketCalls.Instance.Listen(endPoint, options, takenOver);
        var family = opened.EndPoint.AddressFamily;
        return new PlayedListenSocket(opened, family != AddressFamily.Unix && !Numbers.InheritsTcpOptions
            ? options.OfConnection(family, Numbers)
            : null);
    }

    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return KernelResult.Success(descriptor);
    }

    private sealed class PlayedListenSocket(ListenSocket opened, SocketOption[]? optionsToSet) : ListenSocket
    {
        public override int Descriptor => opened.Descriptor;

        public override EndPoint EndPoint => opened.EndPoint;

        public override SocketOption[]? OptionsToSet => optionsToSet;

        public override bool IsInherited => opened.IsInherited;

        public override void Dispose() => opened.Dispose();

        public override void Leave() => opened.Leave();
    }
}
