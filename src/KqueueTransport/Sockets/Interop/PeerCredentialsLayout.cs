using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>How one system tells who is at the other end of a Unix socket: an option and its struct.</summary>
/// <param name="level">The level of the option.</param>
/// <param name="option">The option's number.</param>
/// <param name="length">The size of the struct.</param>
/// <param name="decode">Takes it apart; null where it is not of a Unix socket, or of an unknown version.</param>
internal sealed class PeerCredentialsLayout(
    int level, int option, int length, PeerCredentialsLayout.Decode decode)
{
    /// <summary>Room for any of the structs.</summary>
    public const int Capacity = 128;

    // SOL_LOCAL of sys/un.h. On a TCP socket it is IPPROTO_IP, whose option 1 is IP_OPTIONS: no bytes, as a rule.
    private const int SOL_LOCAL = 0;
    private const int LOCAL_PEERCRED = 1;
    private const uint XUCRED_VERSION = 0;

    /// <summary>Takes apart what the kernel wrote.</summary>
    public delegate UnixPeerCredentials? Decode(ReadOnlySpan<byte> written);

    /// <summary>
    /// SO_PEERCRED and struct ucred of Linux (include/linux/socket.h): pid, uid, gid. Of a socket that is none of Unix
    /// it says 0, -1, -1 (sock_init_data_uid, cred_to_ucred).
    /// </summary>
    public static PeerCredentialsLayout Linux { get; } = new(level: 1, option: 17, length: 12, static written =>
        UInt32(written, 4) == uint.MaxValue
            ? null
            : new UnixPeerCredentials(ProcessId(written, 0), UInt32(written, 4), UInt32(written, 8)));

    /// <summary>
    /// LOCAL_PEERCRED and struct xucred of FreeBSD (sys/ucred.h): version, uid, the number of groups in two bytes, 16
    /// groups from 12 on, whose first is the effective one, and, where a pointer would be aligned, cr_pid, which is 0
    /// before 13.
    /// </summary>
    public static PeerCredentialsLayout FreeBsd { get; } = new(SOL_LOCAL, LOCAL_PEERCRED, length: 88, static written =>
        DecodeXucred(written, ProcessId(written, 80)));

    /// <summary>
    /// LOCAL_PEERCRED and struct xucred of macOS (bsd/sys/ucred.h): FreeBSD's without what follows the groups. The
    /// process has an option of its own.
    /// </summary>
    public static PeerCredentialsLayout Darwin { get; } = new(SOL_LOCAL, LOCAL_PEERCRED, length: 76, static written =>
        DecodeXucred(written, processId: null))
    {
        ProcessOption = 2, // LOCAL_PEERPID
    };

    public int Level => level;

    public int Option => option;

    /// <summary>The option, of the same level, that tells the process; zero where the struct does.</summary>
    public int ProcessOption { get; private init; }

    /// <summary>Takes apart what the kernel wrote; null when it is not what a Unix socket has.</summary>
    public UnixPeerCredentials? TryDecode(ReadOnlySpan<byte> written) =>
        written.Length >= length ? decode(written) : null;

    private static UnixPeerCredentials? DecodeXucred(ReadOnlySpan<byte> written, int? processId) =>
        UInt32(written, 0) == XUCRED_VERSION
            ? new UnixPeerCredentials(processId, UInt32(written, 4), UInt32(written, 12))
            : null;

    private static int? ProcessId(ReadOnlySpan<byte> written, int offset) =>
        (int)UInt32(written, offset) is not 0 and var id ? id : null;

    private static uint UInt32(ReadOnlySpan<byte> written, int offset) => MemoryMarshal.Read<uint>(written[offset..]);
}
