using KqueueTransport.Sockets;

namespace KqueueTransport.Tests.Sockets;

/// <summary>The contract on the running system.</summary>
public sealed class SystemSocketCallsTests : SocketCallsContract
{
    private protected override SocketCalls Calls => SystemSocketCalls.Instance;
}
