using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Sockets;

/// <summary>A listen socket of the running system. <see cref="Socket"/> opens and closes it, no more.</summary>
internal sealed class SystemListenSocket : ListenSocket
{
    /// <summary>The C int 1, as a socket option takes it.</summary>
    internal static ReadOnlySpan<byte> On => BitConverter.IsLittleEndian ? [1, 0, 0, 0] : [0, 0, 0, 1];

    private readonly Socket _socket;

    private SystemListenSocket(Socket socket, EndPoint endPoint, SocketOptions? optionsToSet)
    {
        _socket = socket;
        Descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        EndPoint = endPoint;
        OptionsToSet = optionsToSet;
    }

    public override int Descriptor { get; }

    public override EndPoint EndPoint { get; }

    public override SocketOptions? OptionsToSet { get; }

    public override void Dispose() => _socket.Dispose();

    /// <summary>Creates or takes over the socket, binds it and calls listen(2).</summary>
    public static SystemListenSocket Open(EndPoint endPoint, ListenSocketOptions options, SocketNumbers numbers)
    {
        try
        {
            return endPoint is FileHandleEndPoint handle
                ? Inherit(handle, options, numbers)
                : Bind(endPoint, options, numbers);
        }
        catch (SocketException error)
        {
            throw ListenError.Explain(error, endPoint);
        }
    }

    // Whoever started the process may have called listen(2) already; calling it again sets the backlog.
    private static SystemListenSocket Inherit(
        FileHandleEndPoint handle, ListenSocketOptions options, SocketNumbers numbers)
    {
        var socket = new Socket(new SafeSocketHandle((nint)handle.FileHandle, ownsHandle: false));
        return Listen(socket, options, numbers);
    }

    private static SystemListenSocket Bind(EndPoint endPoint, ListenSocketOptions options, SocketNumbers numbers)
    {
        var protocol = endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        try
        {
            if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            if (options.SharePort)
            {
                SharePort(socket, numbers);
            }

            socket.Bind(endPoint); // Sets SO_REUSEADDR for TCP, so that a restart need not wait for TIME_WAIT.
            return Listen(socket, options, numbers);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SystemListenSocket Listen(Socket socket, ListenSocketOptions options, SocketNumbers numbers)
    {
        socket.Blocking = false;
        if (numbers.SO_NOSIGPIPE != 0)
        {
            // Accepted sockets inherit it.
            socket.SetRawSocketOption(numbers.SOL_SOCKET, numbers.SO_NOSIGPIPE, On);
        }

        var optionsToSet = InheritedOptions(socket, options.Accepted, numbers);
        socket.Listen(options.Backlog);
        return new SystemListenSocket(socket, socket.LocalEndPoint!, optionsToSet);
    }

    // Sets on the listen socket what accepted sockets inherit; the rest comes back.
    private static SocketOptions? InheritedOptions(Socket socket, SocketOptions options, SocketNumbers numbers)
    {
        if (!options.NoDelay || socket.AddressFamily == AddressFamily.Unix)
        {
            return null;
        }

        if (!numbers.InheritsNoDelay)
        {
            return options;
        }

        socket.NoDelay = true;
        return null;
    }

    private static void SharePort(Socket socket, SocketNumbers numbers)
    {
        if (numbers.BalancingReusePort == 0)
        {
            throw new SocketException((int)SocketError.OperationNotSupported);
        }

        socket.SetRawSocketOption(numbers.SOL_SOCKET, numbers.BalancingReusePort, On);
    }
}
