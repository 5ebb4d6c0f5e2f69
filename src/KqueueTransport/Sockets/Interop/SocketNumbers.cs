using Kqueue.Interop;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// The constants of the socket calls, which differ from system to system, under their own names. Zero is what a system
/// does not have; a value here is that of every BSD and macOS.
/// </summary>
internal sealed record SocketNumbers
{
    public const int AF_INET = 2;
    public const int SOCK_STREAM = 1;
    public const int IPPROTO_IP = 0;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_IPV6 = 41;
    public const int TCP_NODELAY = 1;

    public required int AF_INET6 { get; init; }
    public int AF_VSOCK { get; init; }
    public int IPPROTO_MPTCP { get; init; }

    /// <summary>Whether an address begins with its length, and the family comes after it.</summary>
    public bool HasAddressLength { get; init; } = true;

    /// <summary>For socket(2) and accept4(2); without them only a call on the descriptor does the same.</summary>
    public int SOCK_NONBLOCK { get; init; }
    public int SOCK_CLOEXEC { get; init; }

    /// <summary>Otherwise accept(2) hands O_NONBLOCK on from the listen socket.</summary>
    public bool HasAccept4 { get; init; } = true;

    /// <summary>The request that makes a descriptor close-on-exec; zero where accept4(2) does it.</summary>
    public nuint FIOCLEX { get; init; }

    /// <summary>Keeps SIGPIPE away from one send.</summary>
    public int MSG_NOSIGNAL { get; init; }

    /// <summary>Keeps SIGPIPE away from a socket where <see cref="MSG_NOSIGNAL"/> does not.</summary>
    public int SO_NOSIGPIPE { get; init; }

    public int SOL_SOCKET { get; init; } = 0xffff;
    public int SO_REUSEADDR { get; init; } = 4;
    public int SO_KEEPALIVE { get; init; } = 8;
    public int SO_LINGER { get; init; } = 0x80;
    public int SO_SNDBUF { get; init; } = 0x1001;
    public int SO_RCVBUF { get; init; } = 0x1002;
    public int SO_RCVLOWAT { get; init; } = 0x1004;
    public int SO_ERROR { get; init; } = 0x1007;
    public int SO_ACCEPTFILTER { get; init; }
    public int SO_BINDTODEVICE { get; init; }
    public int SO_MARK { get; init; }

    /// <summary>The option by which the kernel spreads connections over sockets that share a port.</summary>
    public int BalancingReusePort { get; init; }

    public int IP_TOS { get; init; } = 3;
    public int IPV6_V6ONLY { get; init; } = 27;
    public required int IPV6_TCLASS { get; init; }

    /// <summary>Whether a socket of IPv6 takes the options of IPv4, for the peers that have that.</summary>
    public bool TakesIPv4OptionsOnIPv6 { get; init; }

    /// <summary>On macOS it is called TCP_KEEPALIVE.</summary>
    public required int TCP_KEEPIDLE { get; init; }
    public required int TCP_KEEPINTVL { get; init; }
    public required int TCP_KEEPCNT { get; init; }
    public int TCP_CONGESTION { get; init; }
    public int TCP_DEFER_ACCEPT { get; init; }
    public int TCP_NOTSENT_LOWAT { get; init; }
    public int TCP_USER_TIMEOUT { get; init; }
    public int TCP_FASTOPEN { get; init; }

    /// <summary>Whether <see cref="TCP_FASTOPEN"/> takes the length of a queue; otherwise it is on or off.</summary>
    public bool FastOpenTakesLength { get; init; }

    /// <summary>Whether an accepted socket is known to have the options of its listen socket.</summary>
    public bool InheritsTcpOptions { get; init; }

    /// <summary>Whether an accepted socket has the type of service of its listen socket.</summary>
    public bool InheritsTypeOfService { get; init; }

    /// <summary>What the system tells of a TCP connection; null where it is not known to tell anything.</summary>
    public TcpInfoLayout? TcpInfo { get; init; }

    /// <summary>Who is at the other end of a Unix socket; null where the system is not known to tell.</summary>
    public PeerCredentialsLayout? PeerCredentials { get; init; }

    /// <summary>How descriptors go with a message on a Unix socket.</summary>
    public required AncillaryLayout Ancillary { get; init; }

    /// <summary>The names of the error numbers.</summary>
    public required ErrnoNumbering Errnos { get; init; }

    public static SocketNumbers Linux { get; } = new()
    {
        AF_INET6 = 10,
        AF_VSOCK = 40,
        IPPROTO_MPTCP = 262,
        HasAddressLength = false,
        SOCK_NONBLOCK = 0x800,
        SOCK_CLOEXEC = 0x80000,
        MSG_NOSIGNAL = 0x4000,
        SOL_SOCKET = 1,
        SO_REUSEADDR = 2,
        SO_KEEPALIVE = 9,
        SO_LINGER = 13,
        SO_SNDBUF = 7,
        SO_RCVBUF = 8,
        SO_RCVLOWAT = 18,
        SO_ERROR = 4,
        SO_BINDTODEVICE = 25,
        SO_MARK = 36,
        BalancingReusePort = 15, // SO_REUSEPORT
        IP_TOS = 1,
        IPV6_V6ONLY = 26,
        IPV6_TCLASS = 67,
        TakesIPv4OptionsOnIPv6 = true,
        TCP_KEEPIDLE = 4,
        TCP_KEEPINTVL = 5,
        TCP_KEEPCNT = 6,
        TCP_CONGESTION = 13,
        TCP_DEFER_ACCEPT = 9,
        TCP_NOTSENT_LOWAT = 25,
        TCP_USER_TIMEOUT = 18,
        TCP_FASTOPEN = 23,
        FastOpenTakesLength = true,
        InheritsTcpOptions = true, // tcp_create_openreq_child copies the listen socket's tcp_sock.
        InheritsTypeOfService = true, // tcp_v4_syn_recv_sock and tcp_v6_syn_recv_sock copy all of the socket.
        TcpInfo = TcpInfoLayout.Linux,
        PeerCredentials = PeerCredentialsLayout.Linux,
        Ancillary = AncillaryLayout.Linux,
        Errnos = ErrnoNumbering.Linux,
    };

    public static SocketNumbers FreeBsd { get; } = new()
    {
        AF_INET6 = 28,
        SOCK_NONBLOCK = 0x2000_0000,
        SOCK_CLOEXEC = 0x1000_0000,
        MSG_NOSIGNAL = 0x20000,
        SO_ACCEPTFILTER = 0x1000,
        BalancingReusePort = 0x10000, // SO_REUSEPORT_LB: plain SO_REUSEPORT does not balance (setsockopt(2)).
        IPV6_TCLASS = 61,
        TCP_KEEPIDLE = 0x100,
        TCP_KEEPINTVL = 0x200,
        TCP_KEEPCNT = 0x400,
        TCP_CONGESTION = 64,
        TCP_FASTOPEN = 0x401,
        InheritsTcpOptions = true, // sonewconn copies so_options and buffers, syncache_socket what is TCP's.
        TcpInfo = TcpInfoLayout.FreeBsd,
        PeerCredentials = PeerCredentialsLayout.FreeBsd,
        Ancillary = AncillaryLayout.FreeBsd,
        Errnos = ErrnoNumbering.FreeBsd,
    };

    public static SocketNumbers NetBsd { get; } = new()
    {
        AF_INET6 = 24,
        SOCK_NONBLOCK = 0x2000_0000,
        SOCK_CLOEXEC = 0x1000_0000,
        MSG_NOSIGNAL = 0x400,
        SO_ACCEPTFILTER = 0x1000,
        IPV6_TCLASS = 61,
        TCP_KEEPIDLE = 3,
        TCP_KEEPINTVL = 5,
        TCP_KEEPCNT = 6,
        Ancillary = AncillaryLayout.NetBsd,
        Errnos = ErrnoNumbering.NetBsd,
    };

    // MSG_NOSIGNAL is younger than the oldest macOS that .NET runs on, accept4(2) does not exist, and FIOCLEX, unlike
    // fcntl(F_SETFD), takes no variadic argument, which on arm64 would have to lie on the stack (dotnet/runtime#48796).
    public static SocketNumbers Darwin { get; } = new()
    {
        AF_INET6 = 30,
        HasAccept4 = false,
        FIOCLEX = 0x2000_6601,
        SO_NOSIGPIPE = 0x1022,
        SO_BINDTODEVICE = 0x1134,
        IPV6_TCLASS = 36,
        TCP_KEEPIDLE = 0x10,
        TCP_KEEPINTVL = 0x101,
        TCP_KEEPCNT = 0x102,
        TCP_NOTSENT_LOWAT = 0x201,
        TCP_FASTOPEN = 0x105,
        TcpInfo = TcpInfoLayout.Darwin,
        PeerCredentials = PeerCredentialsLayout.Darwin,
        Ancillary = AncillaryLayout.Darwin,
        Errnos = ErrnoNumbering.Darwin,
    };

    /// <summary>The running system's.</summary>
    public static SocketNumbers OfThisSystem() =>
        OperatingSystem.IsLinux() ? Linux
        : OperatingSystem.IsMacOS() ? Darwin
        : OperatingSystem.IsFreeBSD() ? FreeBsd
        : throw new PlatformNotSupportedException("There are no socket calls for this system.");
}
