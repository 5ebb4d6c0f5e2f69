using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The contract with macOS's constants, layouts and error numbers.</summary>
public sealed class DarwinSocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls { get; } =
        new PlayedSocketCalls(SocketAbi.Systems["darwin-arm64"], SocketNumbers.Darwin);
}

/// <summary>The contract with FreeBSD's constants, layouts and error numbers.</summary>
public sealed class FreeBsdSocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls { get; } =
        new PlayedSocketCalls(SocketAbi.Systems["freebsd-amd64"], SocketNumbers.FreeBsd);
}

/// <summary>The contract with NetBSD's constants, layouts and error numbers.</summary>
public sealed class NetBsdSocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls { get; } =
        new PlayedSocketCalls(SocketAbi.Systems["netbsd-amd64"], SocketNumbers.NetBsd);

    protected override bool TellsOfTcp => false;

    protected override bool TellsOfUnixPeers => false;
}
