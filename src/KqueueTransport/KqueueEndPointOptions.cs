using System.Net;
using System.Net.Sockets;

namespace KqueueTransport;

/// <summary>
/// What an endpoint and its connections get. <see cref="KqueueTransportOptions"/> sets it for all endpoints;
/// <see cref="KqueueTransportOptions.ConfigureEndPoint"/> changes it for one.
/// </summary>
/// <remarks>
/// What sets a TCP option has no effect on Unix sockets. An option that is set and that the system does not have is a
/// <see cref="NotSupportedException"/> when the endpoint is bound, so it never seems to be in force where it is not.
/// </remarks>
public abstract class KqueueEndPointOptions
{
    private protected KqueueEndPointOptions()
    {
    }

    /// <summary>Where the application's code runs.</summary>
    /// <remarks>Defaults to <see cref="Scheduling.Adaptive"/>.</remarks>
    public Scheduling Scheduling { get; set; } = Scheduling.Adaptive;

    /// <summary>
    /// The number of connections that the kernel keeps for an endpoint until they are accepted. The kernel cuts it to
    /// its own limit (<c>net.core.somaxconn</c> on Linux, <c>kern.ipc.somaxconn</c> on macOS,
    /// <c>kern.ipc.soacceptqueue</c> on FreeBSD; the last two are 128 by default). Beyond it Linux and macOS have a
    /// client try again; FreeBSD resets it as soon as one and a half times as many wait.
    /// </summary>
    /// <remarks>Defaults to 512 connections. From 1 to 65535.</remarks>
    public int Backlog { get; set; } = 512;

    /// <summary>How many connections are accepted in a row before the event loop turns to its other events.</summary>
    /// <remarks>Defaults to 64 connections. From 1 to 65535.</remarks>
    public int AcceptsPerWake { get; set; } = 64;

    /// <summary>
    /// The number of connections that an endpoint has at once, from their accept to their end; those that only wait for
    /// their peer's FIN (<see cref="KqueueTransportOptions.LingerTimeout"/>) have ended. What becomes of more is up to
    /// <see cref="OverLimit"/>.
    /// </summary>
    /// <remarks>Defaults to null: no limit. From 1 connection.</remarks>
    public int? ConnectionsMax { get; set; }

    /// <summary>
    /// The number of connections that an endpoint accepts in a second, on average: after a quiet second as many at
    /// once. What becomes of more is up to <see cref="OverLimit"/>.
    /// </summary>
    /// <remarks>Defaults to null: no limit. From 1 to 1,000,000 connections.</remarks>
    public int? AcceptsPerSecond { get; set; }

    /// <summary>
    /// The number of connections that an endpoint has at once from one address, or from the network that the prefixes
    /// <see cref="AddressPrefixIPv4"/> and <see cref="AddressPrefixIPv6"/> make of it. More are reset, whatever
    /// <see cref="OverLimit"/> says: if they waited, everybody behind them would, too.
    /// </summary>
    /// <remarks>Defaults to null: no limit. From 1 connection. Peers of IP; behind a proxy, the proxy.</remarks>
    public int? ConnectionsPerAddressMax { get; set; }

    /// <summary>How many bits of an IPv4 address are one for <see cref="ConnectionsPerAddressMax"/>.</summary>
    /// <remarks>Defaults to 32 bits. From 1 to 32.</remarks>
    public int AddressPrefixIPv4 { get; set; } = 32;

    /// <summary>How many bits of an IPv6 address are one for <see cref="ConnectionsPerAddressMax"/>.</summary>
    /// <remarks>Defaults to 64 bits, the network of a single host as a rule. From 1 to 128.</remarks>
    public int AddressPrefixIPv6 { get; set; } = 64;

    /// <summary>
    /// What becomes of connections beyond <see cref="ConnectionsMax"/> or <see cref="AcceptsPerSecond"/>. When the
    /// server stops, those that still wait are reset.
    /// </summary>
    /// <remarks>Defaults to <see cref="OverLimit.Wait"/>.</remarks>
    public OverLimit OverLimit { get; set; } = OverLimit.Wait;

    /// <summary>Whether small segments go out at once, whatever is unacknowledged (TCP_NODELAY).</summary>
    /// <remarks>Defaults to true.</remarks>
    public bool NoDelay { get; set; } = true;

    /// <summary>
    /// The number of bytes that a connection receives ahead of the application. Bytes that nobody asks for stay in the
    /// kernel, whose window holds the peer back; only when the peer has ended the connection are they received, up to
    /// this mark, so that the application hears of the end although it does not read.
    /// </summary>
    /// <remarks>Defaults to 1,048,576 bytes (1 MiB). Null or 0 is no limit.</remarks>
    public long? MaxReadBufferSize { get; set; } = 1024 * 1024;

    /// <summary>
    /// The number of written bytes that a connection holds while the kernel does not take them. At this mark a flush
    /// does not complete until half of them are sent.
    /// </summary>
    /// <remarks>Defaults to 65,536 bytes (64 KiB). Null or 0 is no limit.</remarks>
    public long? MaxWriteBufferSize { get; set; } = 64 * 1024;

    /// <summary>
    /// Whether the two directions of a connection end apart. If so, <c>Output.Complete</c> sends FIN and reading goes
    /// on, and a client that sends a request and FIN gets its answer: <c>ConnectionClosed</c>, with which Kestrel
    /// aborts requests, fires when both directions have ended, or at a reset or an abort. Otherwise, as with Kestrel's
    /// Sockets transport, <c>Output.Complete</c> ends the connection, and the peer's FIN fires
    /// <c>ConnectionClosed</c>.
    /// </summary>
    /// <remarks>
    /// Defaults to false. With true, a request whose client has gone with a FIN is not aborted while it runs: only
    /// writing to it can tell.
    /// </remarks>
    public bool HalfClose { get; set; }

    /// <summary>
    /// Whether a connection that is aborted ends with FIN instead of RST, so that the peer takes it for an orderly end.
    /// </summary>
    /// <remarks>
    /// Defaults to the <see cref="AppContext"/> switch <c>Microsoft.AspNetCore.Server.Kestrel.FinOnError</c>, with
    /// which Kestrel itself and its Sockets transport do so, and to false where that is not set.
    /// </remarks>
    public bool FinOnError { get; set; } =
        AppContext.TryGetSwitch("Microsoft.AspNetCore.Server.Kestrel.FinOnError", out var isOn) && isOn;

    /// <summary>
    /// Whether the kernel asks a silent peer whether it is still there (SO_KEEPALIVE) and ends the connection when it
    /// does not answer. HTTP's own time-outs need no such thing; long-lived raw connections may.
    /// </summary>
    /// <remarks>Defaults to false.</remarks>
    public bool KeepAlive { get; set; }

    /// <summary>The silence before the first keep-alive probe (TCP_KEEPIDLE, on macOS TCP_KEEPALIVE).</summary>
    /// <remarks>Defaults to null: mostly 2 h. Whole seconds from 1 to 32767; needs <see cref="KeepAlive"/>.</remarks>
    public TimeSpan? KeepAliveTime { get; set; }

    /// <summary>The time between two keep-alive probes (TCP_KEEPINTVL).</summary>
    /// <remarks>Defaults to null: mostly 75 s. Whole seconds from 1 to 32767; needs <see cref="KeepAlive"/>.</remarks>
    public TimeSpan? KeepAliveInterval { get; set; }

    /// <summary>The number of keep-alive probes without an answer that end a connection (TCP_KEEPCNT).</summary>
    /// <remarks>Defaults to null: the system's, 8 or 9. From 1 to 127; needs <see cref="KeepAlive"/>.</remarks>
    public int? KeepAliveProbes { get; set; }

    /// <summary>
    /// The size of a connection's receive buffer in the kernel (SO_RCVBUF). Linux doubles it for its own bookkeeping,
    /// cuts it to <c>net.core.rmem_max</c> and no longer adapts it to the connection.
    /// </summary>
    /// <remarks>Defaults to null: the kernel chooses and adapts. From 1 byte.</remarks>
    public int? ReceiveBufferSize { get; set; }

    /// <summary>
    /// The size of a connection's send buffer in the kernel (SO_SNDBUF), as <see cref="ReceiveBufferSize"/>; the limit
    /// is <c>net.core.wmem_max</c>.
    /// </summary>
    /// <remarks>Defaults to null: the kernel chooses and adapts. From 1 byte.</remarks>
    public int? SendBufferSize { get; set; }

    /// <summary>
    /// The number of received bytes from which on a connection is readable (SO_RCVLOWAT). For protocols whose messages
    /// are never shorter: with HTTP, a request shorter than that would wait until its peer closes.
    /// </summary>
    /// <remarks>Defaults to null: one byte. From 1 byte.</remarks>
    public int? ReceiveLowWater { get; set; }

    /// <summary>
    /// The number of unsent bytes in the kernel from which on a connection is not writable (TCP_NOTSENT_LOWAT). A
    /// small number keeps what is written late, such as a more urgent HTTP/2 stream, from queueing behind megabytes.
    /// </summary>
    /// <remarks>Defaults to null: no such limit. From 1 byte. FreeBSD does not have it.</remarks>
    public int? NotSentLowWater { get; set; }

    /// <summary>How long sent bytes may stay unacknowledged before the connection ends (TCP_USER_TIMEOUT).</summary>
    /// <remarks>Defaults to null: the system's, minutes. Whole milliseconds from 1. Linux only.</remarks>
    public TimeSpan? UserTimeout { get; set; }

    /// <summary>
    /// The congestion control of connections (TCP_CONGESTION), such as <c>cubic</c> or <c>bbr</c>. One of
    /// <c>net.ipv4.tcp_available_congestion_control</c> on Linux, of <c>net.inet.tcp.cc.available</c> on FreeBSD.
    /// </summary>
    /// <remarks>Defaults to null: the system's. Up to 15 ASCII characters. macOS does not have it.</remarks>
    public string? CongestionControl { get; set; }

    /// <summary>
    /// The type of service in the header of every packet that a connection sends (IP_TOS, for IPv6 IPV6_TCLASS): six
    /// bits of DSCP, and two that TCP uses for ECN itself. Routers may treat packets by it.
    /// </summary>
    /// <remarks>Defaults to null: the system's, which is 0. From 0 to 255, as 0x88 for AF41.</remarks>
    public int? TypeOfService { get; set; }

    /// <summary>The mark of what a connection sends (SO_MARK), for policy routing and packet filters.</summary>
    /// <remarks>Defaults to null: none. Needs CAP_NET_ADMIN or, since Linux 5.17, CAP_NET_RAW. Linux only.</remarks>
    public uint? Mark { get; set; }

    /// <summary>
    /// The network interface whose packets an endpoint and its connections take and send (SO_BINDTODEVICE), such as
    /// <c>eth0</c> or a VRF.
    /// </summary>
    /// <remarks>Defaults to null: all. Up to 15 ASCII characters. Not on FreeBSD, nor on macOS before 13.</remarks>
    public string? BoundDevice { get; set; }

    /// <summary>
    /// Whether connections may use several paths at once, such as Wi-Fi and a mobile network (MPTCP, RFC 8684). One
    /// whose peer does not know it is an ordinary TCP connection.
    /// </summary>
    /// <remarks>
    /// Defaults to false. Needs <c>net.mptcp.enabled</c>; Linux only. The kernel takes most of the other options on
    /// such a socket, and says which it does not.
    /// </remarks>
    public bool MultipathTcp { get; set; }

    /// <summary>
    /// The number of connections whose first bytes came with the SYN (TCP_FASTOPEN) that may wait for the end of their
    /// handshake; macOS and FreeBSD know only on and off. The system must allow it for servers too
    /// (<c>net.ipv4.tcp_fastopen</c>, <c>net.inet.tcp.fastopen</c>, <c>net.inet.tcp.fastopen.server_enable</c>). Only
    /// for requests that bear to be received twice (RFC 7413, section 6).
    /// </summary>
    /// <remarks>Defaults to 0: off. Up to 65535.</remarks>
    public int FastOpenQueueLength { get; set; }

    /// <summary>
    /// How long the kernel keeps a new connection to itself until its first bytes come, so that a connection without
    /// a request costs nothing (TCP_DEFER_ACCEPT on Linux, which rounds it up to a step of its SYN-ACK timer; accept
    /// filter <c>dataready</c> on FreeBSD, which needs the module <c>accf_data</c> and has no time limit). Not for
    /// protocols whose server speaks first.
    /// </summary>
    /// <remarks>Defaults to null: off. Whole seconds from 1 to 32767. macOS does not have it.</remarks>
    public TimeSpan? DeferAccept { get; set; }

    /// <summary>
    /// Whether other processes of the same user that say so too may listen on the same TCP address, so that a new
    /// process can take over from an old one without a gap (SO_REUSEPORT on Linux, SO_REUSEPORT_LB on FreeBSD). The
    /// kernel spreads connections over them, and an address in use is no error between them.
    /// </summary>
    /// <remarks>
    /// Defaults to false. macOS does not have it: its SO_REUSEPORT leaves all to one of them. FreeBSD 13 does not
    /// spread the connections of a socket that takes IPv4 and IPv6, nor those of a jail (in_pcb.c,
    /// in_pcbinslbgrouphash): there one of the sockets gets them all until it is closed.
    /// </remarks>
    public bool SharePort { get; set; }

    /// <summary>The mode of a Unix socket's file, set before it listens; connecting needs the right to write.</summary>
    /// <remarks>Defaults to null: what the process's umask leaves.</remarks>
    public UnixFileMode? UnixFileMode { get; set; }

    /// <summary>
    /// Makes the listen socket of an endpoint and binds it; the transport sets its own options, calls listen and
    /// disposes it in the end. What must be set before bind, such as <see cref="SharePort"/>, is up to this.
    /// </summary>
    /// <remarks>
    /// Defaults to null: the transport makes it. It is asked for file handles, too: one that has nothing to do there
    /// returns a socket over the handle that does not own it.
    /// </remarks>
    public Func<EndPoint, Socket>? CreateBoundListenSocket { get; set; }

    internal KqueueEndPointOptions Clone() => (KqueueEndPointOptions)MemberwiseClone();
}
