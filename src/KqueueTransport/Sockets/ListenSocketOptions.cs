using System.Net;
using System.Net.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>How a listen socket is opened.</summary>
/// <param name="Backlog">The length of the kernel's queue; the kernel may cut it (somaxconn).</param>
/// <param name="Accepted">What accepted connections get.</param>
/// <param name="SharePort">
/// Whether other listen sockets may share the address, so that the kernel spreads connections over them. An address
/// in use is then no error where the other side shares it too. Only where
/// <see cref="SocketCalls.BalancesSharedPort"/> is true.
/// </param>
internal sealed record ListenSocketOptions(int Backlog, SocketOptions Accepted, bool SharePort = false)
{
    /// <summary>Connections by TCP fast open that may be pending; 0 is off.</summary>
    public int FastOpenQueueLength { get; init; }

    /// <summary>How long connections without bytes stay in the kernel; null is not at all.</summary>
    public int? DeferAcceptSeconds { get; init; }

    /// <summary>The access mode of a Unix socket's file; null leaves it to the umask.</summary>
    public UnixFileMode? UnixFileMode { get; init; }

    /// <summary>A bound socket that another process has, too: its descriptor, which becomes this library's.</summary>
    public int? TakenOver { get; init; }

    /// <summary>Makes and binds the socket in place of this library.</summary>
    public Func<EndPoint, Socket>? CreateBoundSocket { get; init; }

    /// <summary>What has to be set before bind(2).</summary>
    public IEnumerable<SocketOption> BeforeBind(SocketNumbers numbers)
    {
        if (SharePort)
        {
            yield return new(nameof(SharePort), numbers.SOL_SOCKET, numbers.BalancingReusePort, 1);
        }

        // A restart need not wait for TIME_WAIT. Socket sets it by itself only for TCP.
        yield return new(nameof(numbers.SO_REUSEADDR), numbers.SOL_SOCKET, numbers.SO_REUSEADDR, 1);
    }

    /// <summary>
    /// What has to be set after listen(2): macOS refuses fast open before, FreeBSD an accept filter (XNU tcp_usrreq.c,
    /// tcp_ctloutput; accept_filter(9)).
    /// </summary>
    public IEnumerable<SocketOption> AfterListen(SocketNumbers numbers)
    {
        if (FastOpenQueueLength > 0)
        {
            var value = numbers.FastOpenTakesLength ? FastOpenQueueLength : 1;
            yield return new(nameof(FastOpenQueueLength), SocketNumbers.IPPROTO_TCP, numbers.TCP_FASTOPEN, value);
        }

        const string DeferAccept = nameof(KqueueEndPointOptions.DeferAccept);
        if (DeferAcceptSeconds is { } seconds)
        {
            yield return numbers.SO_ACCEPTFILTER != 0
                ? new(DeferAccept, numbers.SOL_SOCKET, numbers.SO_ACCEPTFILTER, AcceptFilter("dataready"u8))
                : new(DeferAccept, SocketNumbers.IPPROTO_TCP, numbers.TCP_DEFER_ACCEPT, seconds);
        }
    }

    // struct accept_filter_arg: af_name[16] and af_arg[240] (FreeBSD sys/socket.h).
    private static byte[] AcceptFilter(ReadOnlySpan<byte> name)
    {
        var filter = new byte[256];
        name.CopyTo(filter);
        return filter;
    }
}
