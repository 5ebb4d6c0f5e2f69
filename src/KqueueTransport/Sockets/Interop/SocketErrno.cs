using Kqueue.Interop;

namespace KqueueTransport.Sockets.Interop;

/// <summary>Translates the error numbers of the socket calls into neutral ones.</summary>
internal static class SocketErrno
{
    /// <summary>From Linux's or BSD's numbers.</summary>
    /// <param name="number">What errno says.</param>
    /// <param name="bsd">Whether it is BSD's number.</param>
    public static Errno FromSystem(int number, bool bsd) => bsd && number is 11 or >= 35 ? FromBsd(number) : (Errno)number;

    // errno(2): the same on macOS and on every BSD, up to 66.
    private static Errno FromBsd(int number) => number switch
    {
        11 => Errno.EDEADLK,
        35 => Errno.EAGAIN,
        36 => Errno.EINPROGRESS,
        37 => Errno.EALREADY,
        38 => Errno.ENOTSOCK,
        39 => Errno.EDESTADDRREQ,
        40 => Errno.EMSGSIZE,
        41 => Errno.EPROTOTYPE,
        42 => Errno.ENOPROTOOPT,
        43 => Errno.EPROTONOSUPPORT,
        45 => Errno.EOPNOTSUPP,
        47 => Errno.EAFNOSUPPORT,
        48 => Errno.EADDRINUSE,
        49 => Errno.EADDRNOTAVAIL,
        50 => Errno.ENETDOWN,
        51 => Errno.ENETUNREACH,
        52 => Errno.ENETRESET,
        53 => Errno.ECONNABORTED,
        54 => Errno.ECONNRESET,
        55 => Errno.ENOBUFS,
        56 => Errno.EISCONN,
        57 => Errno.ENOTCONN,
        60 => Errno.ETIMEDOUT,
        61 => Errno.ECONNREFUSED,
        63 => Errno.ENAMETOOLONG,
        65 => Errno.EHOSTUNREACH,
        _ => Errno.EIO,
    };
}
