using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace KqueueTransport.Sockets.Listening;

/// <summary>Turns a failure to listen into an exception that names the endpoint and says what to do.</summary>
/// <remarks>
/// Kestrel tells an address in use by <see cref="AddressInUseException"/>, and falls back from IPv6 to IPv4 after
/// anything that is neither an <see cref="IOException"/> nor a <see cref="NotSupportedException"/>.
/// </remarks>
internal static class ListenError
{
    /// <summary>Notes which option could not be set.</summary>
    public static void NameOption(SocketException error, string option) => error.Data[typeof(ListenError)] = option;

    public static Exception Explain(SocketException error, EndPoint endPoint) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new AddressInUseException(
            $"Cannot listen on {Describe(endPoint)}: {InUse(endPoint)}", error),
        var code => new SocketException(
            (int)code, $"Cannot listen on {Describe(endPoint)}: {error.Message}. {Hint(error, endPoint)}".TrimEnd()),
    };

    private static string InUse(EndPoint endPoint) => endPoint is UnixDomainSocketEndPoint
        ? "the path is taken, by a server that is running or by the file that one left behind. Choose another path, " +
          "or delete the file if no server uses it."
        : "the address is in use. Stop the program that listens there or choose another port; port 0 takes a free one.";

    private static string Hint(SocketException error, EndPoint endPoint) =>
        error.SocketErrorCode != SocketError.NotSocket && error.Data[typeof(ListenError)] is string option
            ? OptionHint(option)
            : Hint(error.SocketErrorCode, endPoint);

    private static string OptionHint(string option) => option switch
    {
        nameof(KqueueEndPointOptions.FastOpenQueueLength) =>
            $"{option} is set and the system does not allow it (on FreeBSD sysctl " +
            "net.inet.tcp.fastopen.server_enable=1 does). Allow it, or leave it out.",
        nameof(KqueueEndPointOptions.DeferAccept) =>
            $"{option} is set and needs a kernel module (on FreeBSD kldload accf_data). Load it, or leave it out.",
        nameof(KqueueEndPointOptions.MultipathTcp) =>
            $"{option} is set and the kernel does not have it (CONFIG_MPTCP, and sysctl net.mptcp.enabled=1). Allow " +
            "it, or leave it out.",
        nameof(KqueueEndPointOptions.CongestionControl) =>
            $"{option} has to be one of sysctl net.ipv4.tcp_available_congestion_control, on FreeBSD of " +
            "net.inet.tcp.cc.available. Write one of them, or leave it out.",
        nameof(KqueueEndPointOptions.Mark) =>
            $"{option} needs the capability CAP_NET_ADMIN or CAP_NET_RAW. Give it to the process, or leave it out.",
        nameof(KqueueEndPointOptions.BoundDevice) =>
            $"{option} has to be the name of a network interface of this machine (ip link). Write one of them, or " +
            "leave it out.",
        nameof(VsockEndPoint) =>
            "The kernel has no vsock (CONFIG_VSOCKETS). Use an IP address or a Unix socket.",
        _ => $"It was {option} that could not be set. Choose another value, or leave it out.",
    };

    private static string Hint(SocketError code, EndPoint endPoint) => (code, endPoint) switch
    {
        // The runtime reports a missing directory (ENOENT) so.
        (SocketError.AddressNotAvailable, UnixDomainSocketEndPoint) => "Make sure that its directory exists.",
        (SocketError.AddressNotAvailable, _) => "Choose an address that one of this machine's interfaces has.",
        (SocketError.AccessDenied, UnixDomainSocketEndPoint) => "Choose a directory that this process may write to.",
        (SocketError.AccessDenied, _) => "Choose a port from 1024 on, or give the process the right to this one.",
        (SocketError.NotSocket, _) => "Pass the number of an open listen socket.",
        _ => "",
    };

    private static string Describe(EndPoint endPoint) => endPoint switch
    {
        FileHandleEndPoint handle => $"file handle {handle.FileHandle}",
        UnixDomainSocketEndPoint => $"the Unix socket {endPoint}",
        _ => $"{endPoint}",
    };
}
