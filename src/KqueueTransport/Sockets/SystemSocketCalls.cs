using System.Net;
using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets.Interop;
using KqueueTransport.Sockets.Listening;

namespace KqueueTransport.Sockets;

/// <summary>
/// The running system's sockets: the hot calls by its C library, the cold ones by <see cref="Socket"/>, which knows
/// each system's families, options and error messages.
/// </summary>
internal sealed partial class SystemSocketCalls : SocketCalls
{
    internal SystemSocketCalls(SocketNumbers numbers)
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

    /// <summary>A stream socket of the end point's family, close-on-exec.</summary>
    /// <exception cref="SocketException">The kernel makes none.</exception>
    /// <exception cref="NotSupportedException">The system does not have what is asked for.</exception>
    public static Socket Create(EndPoint endPoint, bool isMultipath, SocketNumbers numbers)
    {
        if (endPoint is VsockEndPoint)
        {
            return numbers.AF_VSOCK != 0 ? Create(numbers.AF_VSOCK, protocol: 0, nameof(VsockEndPoint), numbers)
                : throw new NotSupportedException("This system has no vsock. Use an IP address or a Unix socket.");
        }

        var isIP = endPoint.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
        if (!isMultipath || !isIP)
        {
            var protocol = isIP ? ProtocolType.Tcp : ProtocolType.Unspecified;
            return new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        }

        return numbers.IPPROTO_MPTCP == 0
            ? throw SocketOption.NotOnThisSystem(nameof(KqueueEndPointOptions.MultipathTcp))
            : Create(
                endPoint.AddressFamily == AddressFamily.InterNetwork ? SocketNumbers.AF_INET : numbers.AF_INET6,
                numbers.IPPROTO_MPTCP,
                nameof(KqueueEndPointOptions.MultipathTcp),
                numbers);
    }

    /// <summary>
    /// Makes it non-blocking, and keeps sends from raising SIGPIPE where no flag of the call does. Accepted sockets
    /// inherit the second, and on a BSD and macOS the first.
    /// </summary>
    public static void MakeNonBlocking(Socket socket, SocketNumbers numbers)
    {
        socket.Blocking = false;
        if (numbers.SO_NOSIGPIPE != 0)
        {
            new SocketOption(nameof(numbers.SO_NOSIGPIPE), numbers.SOL_SOCKET, numbers.SO_NOSIGPIPE, 1).SetOn(socket);
        }
    }

    // Socket makes the descriptor, close-on-exec and of the right family, and gives it up without closing it.
    protected override KernelResult CreateSocket(EndPoint remote, bool isMultipath)
    {
        var socket = Create(remote, isMultipath, Numbers);
        try
        {
            MakeNonBlocking(socket, Numbers);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return KernelResult.Success(descriptor);
    }

    private static Socket Create(int family, int protocol, string option, SocketNumbers numbers)
    {
        var library = SocketFunctions.OfSystem;
        var descriptor = library.socket(family, SocketNumbers.SOCK_STREAM | numbers.SOCK_CLOEXEC, protocol);
        if (descriptor >= 0)
        {
            return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        }

        var isShort = numbers.Errnos.ToErrno(library.errno) is Errno.EMFILE or Errno.ENFILE;
        var error = new SocketException(
            (int)(isShort ? SocketError.TooManyOpenSockets : SocketError.ProtocolNotSupported));
        ListenError.NameOption(error, option);
        throw error;
    }
}
