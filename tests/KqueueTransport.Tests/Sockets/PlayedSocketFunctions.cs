using KqueueTransport.Sockets;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Tests.Sockets;

/// <summary>
/// Plays another system on this one: takes its constants and layouts, refuses any other, passes the call on to the
/// C library here, and answers with that system's error numbers. What it knows of the system comes from headers
/// (<see cref="SocketAbi"/>) and not from the code under test.
/// </summary>
#pragma warning disable IDE1006 // The functions keep their C names.
internal sealed unsafe class PlayedSocketFunctions(SocketAbi system) : SocketFunctions
{
    // sys/un.h and sys/ucred.h of both, in words of four bytes: cr_version, cr_uid, cr_ngroups, cr_groups[16].
    private const int SOL_LOCAL = 0;
    private const int LOCAL_PEERCRED = 1;
    private const int LOCAL_PEERPID = 2;
    private const uint XucredWords = 19;

    [ThreadStatic]
    private static int t_errno;

    private readonly SocketFunctions _libc = SocketFunctions.OfSystem;
    private readonly SocketAbi _linux = SocketAbi.Systems["linux-amd64"];

    public override int errno => t_errno;

    // A BSD's accept(2) hands O_NONBLOCK on, and every listen socket has it here.
    public override int accept(int descriptor, byte* address, uint* addressLength) =>
        Answer(_libc.accept4(descriptor, address, addressLength, (int)_linux["SOCK_NONBLOCK"]));

    public override int accept4(int descriptor, byte* address, uint* addressLength, int flags)
    {
        Assert.Equal(system["SOCK_NONBLOCK"] | system["SOCK_CLOEXEC"], flags);
        return Answer(_libc.accept4(
            descriptor, address, addressLength, (int)(_linux["SOCK_NONBLOCK"] | _linux["SOCK_CLOEXEC"])));
    }

    public override nint recv(int descriptor, byte* buffer, nuint length, int flags)
    {
        Assert.Equal(0, flags);
        return Answer(_libc.recv(descriptor, buffer, length, 0));
    }

    public override nint readv(int descriptor, IoVector* buffers, int count) =>
        Answer(_libc.readv(descriptor, buffers, count));

    public override nint send(int descriptor, byte* buffer, nuint length, int flags) =>
        Answer(_libc.send(descriptor, buffer, length, SendFlags(flags)));

    public override nint sendmsg(int descriptor, MessageHeader* message, int flags)
    {
        var played = new MessageHeader
        {
            msg_iov = (IoVector*)Read(message, "msg_iov"),
            msg_iovlen = (nuint)Read(message, "msg_iovlen"),
        };
        Assert.All(
            (string[])["msg_name", "msg_namelen", "msg_control", "msg_controllen", "msg_flags"],
            field => Assert.Equal(0, Read(message, field)));
        return Answer(_libc.sendmsg(descriptor, &played, SendFlags(flags)));
    }

    public override int shutdown(int descriptor, int how) => Answer(_libc.shutdown(descriptor, how));

    public override int close(int descriptor) => Answer(_libc.close(descriptor));

    public override int connect(int descriptor, byte* address, uint addressLength) =>
        Answer(_libc.connect(descriptor, address, addressLength));

    public override int getsockname(int descriptor, byte* address, uint* addressLength) =>
        Answer(_libc.getsockname(descriptor, address, addressLength));

    public override int getpeername(int descriptor, byte* address, uint* addressLength) =>
        Answer(_libc.getpeername(descriptor, address, addressLength));

    public override int getsockopt(int descriptor, int level, int name, void* value, uint* length)
    {
        if (level == system["IPPROTO_TCP"])
        {
            return TcpInfo(descriptor, name, (byte*)value, length);
        }

        if (level == SOL_LOCAL)
        {
            return PeerCredentials(descriptor, name, (int*)value, length);
        }

        Assert.Equal((system["SOL_SOCKET"], system["SO_ERROR"]), (level, name));
        var result = Answer(_libc.getsockopt(
            descriptor, (int)_linux["SOL_SOCKET"], (int)_linux["SO_ERROR"], value, length));
        *(int*)value = result < 0 || *(int*)value == 0 ? 0 : ErrorHere(*(int*)value);
        return result;
    }

    public override int setsockopt(int descriptor, int level, int name, void* value, uint length)
    {
        var family = level == system["SOL_SOCKET"] ? "SOL_SOCKET" : "IPPROTO_TCP";
        Assert.Equal(system[family], level);
        var option = system.OptionName(family == "SOL_SOCKET" ? "SO_" : "TCP_", name);
        var here = option == "TCP_KEEPALIVE" ? "TCP_KEEPIDLE" : option;
        return Answer(_libc.setsockopt(descriptor, (int)_linux[family], (int)_linux[here], value, length));
    }

    public override int ioctl(int descriptor, nuint request)
    {
        Assert.Equal(system["FIOCLEX"], (long)request);
        return Answer(_libc.ioctl(descriptor, (nuint)_linux["FIOCLEX"]));
    }

    private int TcpInfo(int descriptor, int name, byte* value, uint* length)
    {
        var isDarwin = system.OrZero("TCP_CONNECTION_INFO") != 0;
        Assert.Equal(system[isDarwin ? "TCP_CONNECTION_INFO" : "TCP_INFO"], name);
        var here = stackalloc byte[(int)_linux["tcp_info.size"]];
        var hereLength = (uint)_linux["tcp_info.size"];
        var result = Answer(_libc.getsockopt(
            descriptor, (int)_linux["IPPROTO_TCP"], (int)_linux["TCP_INFO"], here, &hereLength));
        var size = system[isDarwin ? "tcp_connection_info.size" : "tcp_info.size"];
        *length = result < 0 ? 0 : (uint)Math.Min(*length, size);
        new Span<byte>(value, (int)*length).Clear();
        if (result < 0)
        {
            return result;
        }

        var window = Here("tcpi_snd_cwnd") * Here("tcpi_snd_mss");
        if (isDarwin)
        {
            Write("tcp_connection_info.tcpi_srtt", Here("tcpi_rtt") / 1000);
            Write("tcp_connection_info.tcpi_rttvar", Here("tcpi_rttvar") / 1000);
            Write("tcp_connection_info.tcpi_rto", Here("tcpi_rto") / 1000);
            Write("tcp_connection_info.tcpi_maxseg", Here("tcpi_snd_mss"));
            Write("tcp_connection_info.tcpi_snd_cwnd", window);
        }
        else
        {
            Write("tcp_info.tcpi_rtt", Here("tcpi_rtt"));
            Write("tcp_info.tcpi_rttvar", Here("tcpi_rttvar"));
            Write("tcp_info.tcpi_rto", Here("tcpi_rto"));
            Write("tcp_info.tcpi_snd_mss", Here("tcpi_snd_mss"));
            Write("tcp_info.tcpi_snd_cwnd", window);
        }

        return 0;

        uint Here(string field) => *(uint*)(here + _linux[$"tcp_info.{field}.offset"]);

        void Write(string field, uint number) => *(uint*)(value + system[$"{field}.offset"]) = number;
    }

    private int PeerCredentials(int descriptor, int name, int* value, uint* length)
    {
        const int SO_PEERCRED = 17;
        var here = stackalloc int[3];
        var hereLength = 3u * sizeof(int);
        var result = Answer(_libc.getsockopt(
            descriptor, (int)_linux["SOL_SOCKET"], SO_PEERCRED, here, &hereLength));
        if (result < 0 || here[1] == -1)
        {
            // Of a TCP socket it is IP_OPTIONS, and there are none.
            *length = 0;
            return result;
        }

        if (name == LOCAL_PEERPID)
        {
            *value = here[0];
            return 0;
        }

        // FreeBSD has the process behind the groups, where a pointer is aligned.
        Assert.Equal(LOCAL_PEERCRED, name);
        var isDarwin = system.OrZero("TCP_CONNECTION_INFO") != 0;
        *length = isDarwin ? XucredWords * sizeof(int) : 88u;
        new Span<byte>(value, (int)*length).Clear();
        (value[1], value[2], value[3]) = (here[1], 1, here[2]);
        if (!isDarwin)
        {
            value[20] = here[0];
        }

        return 0;
    }

    private int SendFlags(int flags)
    {
        Assert.Contains(flags, (long[])[0, system["MSG_NOSIGNAL"]]);
        return (int)_linux["MSG_NOSIGNAL"];
    }

    private long Read(MessageHeader* message, string field)
    {
        var at = (byte*)message + system[$"msghdr.{field}.offset"];
        return system[$"msghdr.{field}.size"] == 8 ? *(long*)at : *(int*)at;
    }

    private int Answer(int returned) => (int)Answer((nint)returned);

    private nint Answer(nint returned)
    {
        if (returned < 0)
        {
            t_errno = ErrorHere(_libc.errno);
        }

        return returned;
    }

    private int ErrorHere(int linuxError) => (int)system[_linux.ErrorName(linuxError)];
}
#pragma warning restore IDE1006
