using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.IntegrationTests.Survival;

/// <summary>A listen socket that a service manager, the test, hands to one server after another.</summary>
internal sealed class InheritedListenSocket : IDisposable
{
    private const nuint FIONCLEX = 0x5450;

    private readonly Socket _socket;

    private InheritedListenSocket(Socket socket) => _socket = socket;

    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    /// <summary>The line of bash that starts a server with the socket as descriptor 3, as systemd does.</summary>
    public string Activation => $"exec 3<&{_socket.Handle}; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";

    public static unsafe InheritedListenSocket Open(EndPoint endPoint)
    {
        var protocol = endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        socket.Bind(endPoint);
        socket.Listen();
        Assert.Equal(0, SocketFunctions.OfSystem.ioctl((int)socket.Handle, FIONCLEX));
        return new InheritedListenSocket(socket);
    }

    public void Dispose() => _socket.Dispose();
}
