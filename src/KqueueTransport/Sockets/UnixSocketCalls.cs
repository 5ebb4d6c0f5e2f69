using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <summary>What only Unix sockets can: descriptors that go with a message, and who is at the other end.</summary>
internal static unsafe class UnixSocketCalls
{
    /// <summary>The most descriptors that every kernel lets one message carry (253 on Linux and FreeBSD).</summary>
    public const int DescriptorsMax = 200;

    private static readonly SocketNumbers s_numbers = SocketNumbers.OfThisSystem();
    private static readonly AncillaryLayout s_layout = s_numbers.Ancillary;

    /// <summary>Sends bytes, at least one, and with the first of them descriptors, which stay the sender's.</summary>
    /// <returns>How many bytes the kernel took.</returns>
    public static KernelResult Send(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        fixed (byte* start = bytes)
        fixed (byte* control = s_layout.Encode(descriptors))
        {
            var vector = new IoVector(start, bytes.Length);
            var message = new MessageHeader
            {
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = (nuint)s_layout.SpaceFor(descriptors.Length),
            };
            KernelResult result;
            do
            {
                result = Result(SocketFunctions.OfSystem.sendmsg(
                    (int)socket.Handle, &message, s_numbers.MSG_NOSIGNAL));
            }
            while (result.Error == Errno.EINTR);

            return result;
        }
    }

    /// <summary>Receives bytes and the descriptors that come with them, close-on-exec.</summary>
    /// <param name="socket">The Unix socket.</param>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="descriptors">The descriptors, which are the caller's.</param>
    /// <param name="isTruncated">Whether there were more: too many, or more than this process may open.</param>
    /// <returns>How many bytes came.</returns>
    public static KernelResult Receive(
        Socket socket, Span<byte> buffer, out List<int> descriptors, out bool isTruncated)
    {
        var room = new byte[s_layout.SpaceFor(DescriptorsMax)];
        fixed (byte* start = buffer)
        fixed (byte* control = room)
        {
            var vector = new IoVector(start, buffer.Length);
            var message = new MessageHeader
            {
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = (nuint)room.Length,
            };
            KernelResult result;
            do
            {
                result = Result(SocketFunctions.OfSystem.recvmsg(
                    (int)socket.Handle, &message, s_layout.MSG_CMSG_CLOEXEC));
            }
            while (result.Error == Errno.EINTR);

            // Four bytes of length on BSD and macOS.
            var length = result.IsError ? 0 : (int)Math.Min((uint)message.msg_controllen, (uint)room.Length);
            var flags = result.IsError ? 0 : *(int*)((byte*)&message + s_layout.FlagsOffset);
            descriptors = s_layout.Decode(room.AsSpan(0, length));
            isTruncated = (flags & s_layout.MSG_CTRUNC) != 0;
            if (s_layout.MSG_CMSG_CLOEXEC == 0)
            {
                descriptors.ForEach(received => SocketFunctions.OfSystem.ioctl(received, s_numbers.FIOCLEX));
            }

            return result;
        }
    }

    /// <summary>Whether the process at the other end is of the user that this one is of.</summary>
    public static bool IsOwnUser(Socket socket) =>
        SystemSocketCalls.Instance.GetPeerCredentials((int)socket.Handle) is { } peer &&
        peer.UserId == SocketFunctions.OfSystem.geteuid();

    private static KernelResult Result(nint returned) => returned >= 0
        ? KernelResult.Success((int)returned)
        : KernelResult.Failure(s_numbers.Errnos.ToErrno(SocketFunctions.OfSystem.errno));
}
