using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Sockets.Listening;

/// <summary>A listen socket of the running system. <see cref="Socket"/> opens and closes it, no more.</summary>
internal sealed class SystemListenSocket : ListenSocket
{
    private readonly Socket _socket;
    private readonly bool _isTakenOver;

    // Of a Unix socket.
    private readonly DateTime? _fileMadeAt;

    private SystemListenSocket(Socket socket, SocketOption[]? optionsToSet, bool isInherited, bool isTakenOver)
    {
        _socket = socket;
        Descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        EndPoint = socket.LocalEndPoint!;
        OptionsToSet = optionsToSet;
        IsInherited = isInherited;
        _isTakenOver = isTakenOver;
        _fileMadeAt = EndPoint is UnixDomainSocketEndPoint unix ? UnixSocketFile.MadeAt(unix) : null;
    }

    public override int Descriptor { get; }

    public override EndPoint EndPoint { get; }

    public override SocketOption[]? OptionsToSet { get; }

    public override bool IsInherited { get; }

    public override void Dispose()
    {
        if (_fileMadeAt is { } made && UnixSocketFile.MadeAt((UnixDomainSocketEndPoint)EndPoint) != made)
        {
            // The file is somebody else's, who has been started at the same path, and Socket would delete it.
            Leave();
            return;
        }

        if (_fileMadeAt is not null && _isTakenOver)
        {
            // Socket deletes what it has bound itself, and not what another process has.
            File.Delete(EndPoint.ToString()!);
        }

        _socket.Dispose();
    }

    public override void Leave()
    {
        if (!IsInherited)
        {
            Leave(_socket, Descriptor);
        }
    }

    /// <summary>Creates or takes over the socket, binds it and calls listen(2).</summary>
    public static SystemListenSocket Open(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver, SocketNumbers numbers)
    {
        try
        {
            var socket = OpenBound(endPoint, options, takenOver, numbers);
            try
            {
                var optionsToSet = Listen(socket, options, numbers);
                return new SystemListenSocket(
                    socket, optionsToSet, endPoint is FileHandleEndPoint, takenOver is not null);
            }
            catch
            {
                if (takenOver is { } descriptor)
                {
                    Leave(socket, descriptor);
                }
                else
                {
                    socket.Dispose();
                }

                throw;
            }
        }
        catch (SocketException error)
        {
            throw ListenError.Explain(error, endPoint);
        }
    }

    private static Socket OpenBound(
        EndPoint endPoint, KqueueEndPointOptions options, int? takenOver, SocketNumbers numbers)
    {
        if (takenOver is { } descriptor)
        {
            return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        }

        if (options.CreateBoundListenSocket is { } create)
        {
            return create(endPoint) ?? throw new InvalidOperationException(
                $"CreateBoundListenSocket gave null for {endPoint}. Return a socket that is bound.");
        }

        if (endPoint is FileHandleEndPoint handle)
        {
            return new Socket(new SafeSocketHandle((nint)handle.FileHandle, ownsHandle: false));
        }

        var socket = SystemSocketCalls.Create(endPoint, options.MultipathTcp, numbers);
        try
        {
            Bind(socket, endPoint, options, numbers);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Bind(Socket socket, EndPoint endPoint, KqueueEndPointOptions options, SocketNumbers numbers)
    {
        if (endPoint is UnixDomainSocketEndPoint unix)
        {
            BindUnix(socket, unix, options.UnixFileMode, numbers);
            return;
        }

        if (endPoint is IPEndPoint { Address: var address } && address.Equals(IPAddress.IPv6Any))
        {
            socket.DualMode = true;
        }

        Set(socket, options.BeforeBind(endPoint.AddressFamily, numbers));
        socket.Bind(endPoint);
    }

    private static void BindUnix(
        Socket socket, UnixDomainSocketEndPoint endPoint, UnixFileMode? mode, SocketNumbers numbers)
    {
        try
        {
            socket.Bind(endPoint);
        }
        catch (SocketException error) when (
            error.SocketErrorCode == SocketError.AddressAlreadyInUse &&
            UnixSocketFile.TryDeleteStale(endPoint, numbers.Errnos))
        {
            socket.Bind(endPoint);
        }

        // Nobody can connect before listen(2), so nobody slips in by the mode of the umask.
        if (mode is { } wanted && UnixSocketFile.PathOf(endPoint) is { } path && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, wanted);
        }
    }

    // Whatever Socket does at its end, it does to the one socket of both processes: makes it blocking, sets its linger
    // time, which connections inherit, and deletes its file.
    [SuppressMessage("Usage", "CA1816", Justification = "The finalizer of Socket deletes the file, too.")]
    private static void Leave(Socket socket, int descriptor)
    {
        GC.SuppressFinalize(socket);
        socket.SafeHandle.SetHandleAsInvalid();
        SystemSocketCalls.Instance.Close(descriptor);
    }

    // An inherited socket may listen already: calling listen(2) again sets the backlog. Returns what accepted
    // connections do not inherit.
    private static SocketOption[]? Listen(Socket socket, KqueueEndPointOptions options, SocketNumbers numbers)
    {
        SystemSocketCalls.MakeNonBlocking(socket, numbers);
        if (socket.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
        {
            socket.Listen(options.Backlog);
            return null;
        }

        // Before listen(2), because the window scale that a SYN-ACK offers follows from the buffer (tcp(7)).
        var accepted = options.OfConnection(socket.AddressFamily, numbers);
        Set(socket, accepted);
        socket.Listen(options.Backlog);
        Set(socket, options.AfterListen(numbers));
        return options.AreInherited(numbers) ? null : accepted;
    }

    // What a socket that was not made here has already may not be set again: a device only with CAP_NET_RAW (Linux
    // sock_bindtoindex_locked), an accept filter never (FreeBSD accept_filt_setopt).
    private static void Set(Socket socket, IEnumerable<SocketOption> options)
    {
        foreach (var option in options)
        {
            if (!option.IsOn(socket))
            {
                option.SetOn(socket);
            }
        }
    }
}
