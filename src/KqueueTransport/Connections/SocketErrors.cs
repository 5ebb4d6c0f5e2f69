using System.Net;
using System.Net.Sockets;
using Kqueue;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Connections;

/// <summary>From the kernel's errors to what the application catches.</summary>
internal static class SocketErrors
{
    /// <summary>Whether the peer, or the network in its name, tore the connection down.</summary>
    public static bool IsReset(Errno error) => error is Errno.ECONNRESET or Errno.EPIPE;

    /// <summary>The exception of a failed receive or send.</summary>
    public static Exception ToException(Errno error)
    {
        var cause = new SocketException((int)ToSocketError(error), $"The connection failed with {error}.");
        return IsReset(error) ? new ConnectionResetException("The peer reset the connection.", cause) : cause;
    }

    /// <summary>The exception of a connection that was not made.</summary>
    public static SocketException ToConnectException(Errno error, EndPoint remote) =>
        new((int)ToSocketError(error), $"{remote} cannot be connected to: {error}.");

    private static SocketError ToSocketError(Errno error) => error switch
    {
        Errno.ECONNRESET => SocketError.ConnectionReset,
        Errno.EPIPE => SocketError.Shutdown,
        Errno.ETIMEDOUT => SocketError.TimedOut,
        Errno.EHOSTUNREACH => SocketError.HostUnreachable,
        Errno.EHOSTDOWN => SocketError.HostDown,
        Errno.ENETUNREACH => SocketError.NetworkUnreachable,
        Errno.ENETDOWN => SocketError.NetworkDown,
        Errno.ENETRESET => SocketError.NetworkReset,
        Errno.ECONNABORTED => SocketError.ConnectionAborted,
        Errno.ECONNREFUSED => SocketError.ConnectionRefused,
        Errno.ENOTCONN => SocketError.NotConnected,
        Errno.ENOBUFS or Errno.ENOMEM => SocketError.NoBufferSpaceAvailable,
        Errno.EACCES or Errno.EPERM => SocketError.AccessDenied,
        Errno.EMSGSIZE => SocketError.MessageSize,
        Errno.EINVAL => SocketError.InvalidArgument,
        Errno.EMFILE or Errno.ENFILE => SocketError.TooManyOpenSockets,
        Errno.EADDRNOTAVAIL => SocketError.AddressNotAvailable,
        Errno.EAFNOSUPPORT => SocketError.AddressFamilyNotSupported,
        Errno.EAGAIN => SocketError.TryAgain,

        // A Unix socket that is not there, or a file that is none: what TCP calls refused.
        Errno.ENOENT or Errno.ENOTSOCK => SocketError.ConnectionRefused,
        _ => SocketError.SocketError,
    };
}
