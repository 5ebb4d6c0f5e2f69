using Kqueue.Interop;

namespace KqueueTransport.Sockets.Interop;

/// <summary>The constants of the socket calls, which differ from system to system, under their own names.</summary>
internal sealed record SocketNumbers
{
    public const int AF_INET = 2;
    public const int SOCK_STREAM = 1;
    public const int IPPROTO_IP = 0;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_IPV6 = 41;
    public const int TCP_NODELAY = 1;

    /// <summary>Zero where no flag of a send call keeps SIGPIPE away.</summary>
    public required int MSG_NOSIGNAL { get; init; }

    public required int AF_INET6 { get; init; }

    /// <summary>Whether an address begins with its length, and the family comes after it.</summary>
    public bool HasAddressLength { get; init; } = true;

    public int IPV6_V6ONLY { get; init; } = 27;

    public int SO_REUSEADDR { get; init; } = 4;

    /// <summary>For socket(2); zero where only a call on the descriptor makes it non-blocking.</summary>
    public int SOCK_NONBLOCK { get; init; }

    public required int SOL_SOCKET { get; init; }

    public required int SO_LINGER { get; init; }

    public required int SO_ERROR { get; init; }

    public required int SO_KEEPALIVE { get; init; }

    public required int SO_RCVBUF { get; init; }

    public required int SO_SNDBUF { get; init; }

    public required int SO_RCVLOWAT { get; init; }

    /// <summary>On macOS it is called TCP_KEEPALIVE.</summary>
    public required int TCP_KEEPIDLE { get; init; }

    public required int TCP_KEEPINTVL { get; init; }

    public required int TCP_KEEPCNT { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int TCP_NOTSENT_LOWAT { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int TCP_USER_TIMEOUT { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int TCP_FASTOPEN { get; init; }

    /// <summary>Whether <see cref="TCP_FASTOPEN"/> takes the length of a queue; otherwise it is on or off.</summary>
    public bool FastOpenTakesLength { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int TCP_DEFER_ACCEPT { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int SO_ACCEPTFILTER { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int TCP_CONGESTION { get; init; }

    public int IP_TOS { get; init; } = 3;

    public required int IPV6_TCLASS { get; init; }

    /// <summary>Whether a socket of IPv6 takes the options of IPv4, for the peers that have that.</summary>
    public bool TakesIPv4OptionsOnIPv6 { get; init; }

    /// <summary>Whether an accepted socket has the type of service of its listen socket.</summary>
    public bool InheritsTypeOfService { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int SO_MARK { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int SO_BINDTODEVICE { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int IPPROTO_MPTCP { get; init; }

    /// <summary>Zero where the system does not have it.</summary>
    public int AF_VSOCK { get; init; }

    /// <summary>Zero where it is not needed, because <see cref="MSG_NOSIGNAL"/> exists.</summary>
    public int SO_NOSIGPIPE { get; init; }

    /// <summary>Zero where the kernel does not spread connections over sockets that share a port.</summary>
    public int BalancingReusePort { get; init; }

    /// <summary>SOCK_NONBLOCK and SOCK_CLOEXEC for accept4(2); zero where that does not exist.</summary>
    public int Accept4Flags { get; init; }

    /// <summary>The request that makes a descriptor close-on-exec; zero where accept4(2) does it.</summary>
    public nuint FIOCLEX { get; init; }

    /// <summary>Whether an accepted socket is known to have the options of its listen socket.</summary>
    public bool InheritsTcpOptions { get; init; }

    /// <summary>What the system tells of a TCP connection; null where it is not known to tell anything.</summary>
    public TcpInfoLayout? TcpInfo { get; init; }

    /// <summary>Who is at the other end of a Unix socket; null where the system is not known to tell.</summary>
    public PeerCredentialsLayout? PeerCredentials { get; init; }

    /// <summary>The names of the error numbers.</summary>
    public required ErrnoNumbering Errnos { get; init; }

    public static SocketNumbers Linux { get; } = new()
    {
        AF_INET6 = 10,
        HasAddressLength = false,
        IPV6_V6ONLY = 26,
        SO_REUSEADDR = 2,
        SOCK_NONBLOCK = 0x800,
        MSG_NOSIGNAL = 0x4000,
        SOL_SOCKET = 1,
        SO_LINGER = 13,
        SO_ERROR = 4,
        SO_KEEPALIVE = 9,
        SO_RCVBUF = 8,
        SO_SNDBUF = 7,
        SO_RCVLOWAT = 18,
        TCP_KEEPIDLE = 4,
        TCP_KEEPINTVL = 5,
        TCP_KEEPCNT = 6,
        TCP_NOTSENT_LOWAT = 25,
        TCP_USER_TIMEOUT = 18,
        TCP_FASTOPEN = 23,
        FastOpenTakesLength = true,
        TCP_DEFER_ACCEPT = 9,
        TCP_CONGESTION = 13,
        IP_TOS = 1,
        IPV6_TCLASS = 67,
        TakesIPv4OptionsOnIPv6 = true,
        InheritsTypeOfService = true, // tcp_v4_syn_recv_sock and tcp_v6_syn_recv_sock copy all of the socket.
        SO_MARK = 36,
        SO_BINDTODEVICE = 25,
        IPPROTO_MPTCP = 262,
        AF_VSOCK = 40,
        BalancingReusePort = 15, // SO_REUSEPORT
        Accept4Flags = 0x800 | 0x80000,
        InheritsTcpOptions = true, // tcp_create_openreq_child copies the listen socket's tcp_sock.
        TcpInfo = TcpInfoLayout.Linux,
        PeerCredentials = PeerCredentialsLayout.Linux,
        Errnos = ErrnoNumbering.Linux,
    };

    public static SocketNumbers FreeBsd { get; } = new()
    {
        AF_INET6 = 28,
        SOCK_NONBLOCK = 0x20000000,
        MSG_NOSIGNAL = 0x20000,
        SOL_SOCKET = 0xffff,
        SO_LINGER = 0x80,
        SO_ERROR = 0x1007,
        SO_KEEPALIVE = 8,
        SO_RCVBUF = 0x1002,
        SO_SNDBUF = 0x1001,
        SO_RCVLOWAT = 0x1004,
        TCP_KEEPIDLE = 0x100,
        TCP_KEEPINTVL = 0x200,
        TCP_KEEPCNT = 0x400,
        TCP_FASTOPEN = 0x401,
        TCP_CONGESTION = 64,
        IPV6_TCLASS = 61,
        SO_ACCEPTFILTER = 0x1000,
        BalancingReusePort = 0x10000, // SO_REUSEPORT_LB: plain SO_REUSEPORT does not balance (setsockopt(2)).
        Accept4Flags = 0x20000000 | 0x10000000,
        InheritsTcpOptions = true, // sonewconn copies so_options and buffers, syncache_socket what is TCP's.
        TcpInfo = TcpInfoLayout.FreeBsd,
        PeerCredentials = PeerCredentialsLayout.FreeBsd,
        Errnos = ErrnoNumbering.FreeBsd,
    };

    public static SocketNumbers NetBsd { get; } = FreeBsd with
    {
        AF_INET6 = 24,
        MSG_NOSIGNAL = 0x400,
        TCP_KEEPIDLE = 3,
        TCP_KEEPINTVL = 5,
        TCP_KEEPCNT = 6,
        TCP_FASTOPEN = 0,
        TCP_CONGESTION = 0,
        BalancingReusePort = 0,
        InheritsTcpOptions = false,
        TcpInfo = null,
        PeerCredentials = null,
        Errnos = ErrnoNumbering.NetBsd,
    };

    // MSG_NOSIGNAL is younger than the oldest macOS that .NET runs on, accept4(2) does not exist, and FIOCLEX, unlike
    // fcntl(F_SETFD), takes no variadic argument, which on arm64 would have to lie on the stack (dotnet/runtime#48796).
    public static SocketNumbers Darwin { get; } = new()
    {
        AF_INET6 = 30,
        MSG_NOSIGNAL = 0,
        SOL_SOCKET = 0xffff,
        SO_LINGER = 0x80,
        SO_ERROR = 0x1007,
        SO_KEEPALIVE = 8,
        SO_RCVBUF = 0x1002,
        SO_SNDBUF = 0x1001,
        SO_RCVLOWAT = 0x1004,
        TCP_KEEPIDLE = 0x10,
        TCP_KEEPINTVL = 0x101,
        TCP_KEEPCNT = 0x102,
        TCP_NOTSENT_LOWAT = 0x201,
        TCP_FASTOPEN = 0x105,
        IPV6_TCLASS = 36,
        SO_BINDTODEVICE = 0x1134,
        SO_NOSIGPIPE = 0x1022,
        FIOCLEX = 0x20006601,
        TcpInfo = TcpInfoLayout.Darwin,
        PeerCredentials = PeerCredentialsLayout.Darwin,
        Errnos = ErrnoNumbering.Darwin,
    };

    /// <summary>The running system's.</summary>
    public static SocketNumbers OfThisSystem() =>
        OperatingSystem.IsLinux() ? Linux
        : OperatingSystem.IsMacOS() ? Darwin
        : OperatingSystem.IsFreeBSD() ? FreeBsd
        : throw new PlatformNotSupportedException("There are no socket calls for this system.");
}
