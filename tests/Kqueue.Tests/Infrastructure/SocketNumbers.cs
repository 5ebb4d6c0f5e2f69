using Kqueue.Interop;

namespace Kqueue.Tests.Infrastructure;

/// <summary>The few numbers that the tests' own socket calls need, per system.</summary>
internal sealed record SocketNumbers(
    ErrnoNumbering Errnos, bool HasAddressLength, int SolSocket, int SoLinger, int MsgDontWait, int MsgNoSignal,
    int SockNonBlock)
{
    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;

    private static readonly SocketNumbers s_linux = new(ErrnoNumbering.Linux, false, 1, 13, 0x40, 0x4000, 0x800);

    public static SocketNumbers Of(string layout) => layout switch
    {
        // macOS has SO_NOSIGPIPE for what the flag does elsewhere; the runtime ignores SIGPIPE in any case.
        "darwin" => new(ErrnoNumbering.Darwin, true, 0xffff, 0x80, 0x80, 0, 0),
        "freebsd" => new(ErrnoNumbering.FreeBsd, true, 0xffff, 0x80, 0x80, 0x20000, 0x2000_0000),
        "netbsd" => new(ErrnoNumbering.NetBsd, true, 0xffff, 0x80, 0x80, 0x400, 0x2000_0000),
        _ => s_linux,
    };

    public static SocketNumbers OfSystem() =>
        OperatingSystem.IsMacOS() ? Of("darwin") : OperatingSystem.IsFreeBSD() ? Of("freebsd") : s_linux;
}
