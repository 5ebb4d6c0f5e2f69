using System.Buffers.Binary;
using Kqueue.Interop;

namespace Kqueue.Epoll.Descriptors;

/// <summary>What kqueue reports in <c>data</c> of READ and WRITE events, asked with a system call.</summary>
internal static class DescriptorData
{
    // What a pipe takes without blocking when it is writable at all: PIPE_BUF, limits.h.
    private const int PipeRoomBytes = 4096;

    // struct tcp_info, include/uapi/linux/tcp.h: tcpi_unacked follows 8 bytes of small fields and four u32. For a
    // listen socket it is the length of the accept queue (net/ipv4/tcp.c, tcp_get_info).
    private const int TcpInfoUnackedOffset = 24;

    /// <summary>The bytes to read, or the connections to accept.</summary>
    public static KernelResult Readable(int descriptor)
    {
        var error = Libc.ControlQuery(descriptor, Libc.FIONREAD, out var readable);
        return error switch
        {
            Errno.None => KernelResult.Success(readable),
            Errno.EBADF => KernelResult.Failure(error),
            // A listen socket has no bytes: net/ipv4/tcp.c, tcp_ioctl, and net/unix/af_unix.c, unix_inq_len.
            _ => KernelResult.Success(AcceptQueueLength(descriptor)),
        };
    }

    /// <summary>The free space in the send buffer.</summary>
    public static KernelResult Writable(int descriptor)
    {
        var error = Libc.GetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_SNDBUF, out int capacity);
        if (error == Errno.EBADF)
        {
            return KernelResult.Failure(error);
        }

        if (error != Errno.None || Libc.ControlQuery(descriptor, Libc.SIOCOUTQ, out var queued) != Errno.None)
        {
            return KernelResult.Success(PipeRoomBytes);
        }

        return KernelResult.Success(Math.Max(capacity - queued, 0));
    }

    public static bool IsSocket(int descriptor) =>
        Libc.GetSocketOption(descriptor, Libc.SOL_SOCKET, Libc.SO_TYPE, out int _) != Errno.ENOTSOCK;

    // Linux tells the length for TCP only; a listen socket that reports at all has one connection at least.
    private static int AcceptQueueLength(int descriptor)
    {
        Span<byte> info = stackalloc byte[TcpInfoUnackedOffset + sizeof(uint)];
        var error = Libc.GetSocketOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_INFO, info);
        return error == Errno.None
            ? (int)BinaryPrimitives.ReadUInt32LittleEndian(info[TcpInfoUnackedOffset..])
            : 1;
    }
}
