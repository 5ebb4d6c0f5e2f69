using System.Net.Sockets;
using Kqueue;
using Kqueue.Interop;

namespace KqueueTransport.Sockets.Listening;

/// <summary>The file that a Unix socket is bound to.</summary>
internal static class UnixSocketFile
{
    // sun_path begins behind the family, which takes two bytes everywhere (with sun_len on BSD and macOS).
    private const int PathOffset = 2;

    /// <summary>Where the file is; null for an abstract name, which has none.</summary>
    public static string? PathOf(UnixDomainSocketEndPoint endPoint) =>
        endPoint.Serialize()[PathOffset] == 0 ? null : endPoint.ToString();

    /// <summary>
    /// When the socket's file was made, which tells it from another one that is at its path later; null where there is
    /// none. .NET shows neither device nor inode.
    /// </summary>
    public static DateTime? MadeAt(UnixDomainSocketEndPoint endPoint) =>
        PathOf(endPoint) is { } path && File.Exists(path) ? File.GetCreationTimeUtc(path) : null;

    /// <summary>Deletes a socket's file that no server listens on: one that crashed has left it behind.</summary>
    /// <returns>Whether the path is free.</returns>
    public static bool TryDeleteStale(UnixDomainSocketEndPoint endPoint, ErrnoNumbering errnos)
    {
        if (PathOf(endPoint) is not { } path || !IsSocket(path, errnos) || !IsRefused(endPoint))
        {
            return false;
        }

        File.Delete(path);
        return true;
    }

    // Sockets cannot be opened, which open(2) says by ENXIO on Linux and by EOPNOTSUPP on BSD and macOS. For reading
    // and writing, because a FIFO opened for one of the two waits for somebody to open it for the other.
    private static bool IsSocket(string path, ErrnoNumbering errnos)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException error)
        {
            return errnos.ToErrno(error.HResult) is Errno.ENXIO or Errno.EOPNOTSUPP;
        }
    }

    // As datagrams, which a socket that listens, or will, refuses by EPROTOTYPE, however many wait there, and nobody by
    // ECONNREFUSED. A stream gets that from BSD and macOS also where the backlog is full (uipc_usrreq.c, unp_connect),
    // and from everybody where listen(2) has not been called yet.
    private static bool IsRefused(UnixDomainSocketEndPoint endPoint)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
