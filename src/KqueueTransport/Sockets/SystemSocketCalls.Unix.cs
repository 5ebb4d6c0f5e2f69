using System.Net.Sockets;
using Kqueue;
using KqueueTransport.Sockets.Interop;

namespace KqueueTransport.Sockets;

/// <content>What only Unix sockets can: descriptors that go with a message, and who is at the other end.</content>
internal sealed unsafe partial class SystemSocketCalls
{
    /// <summary>The most descriptors that every kernel lets one message carry (253 on Linux and FreeBSD).</summary>
    public const int DescriptorsMax = 200;

    /// <summary>Sends bytes, at least one, and with the first of them descriptors, which stay the sender's.</summary>
    /// <returns>How many bytes the kernel took.</returns>
    public KernelResult SendDescriptors(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        var room = Numbers.Ancillary.Encode(descriptors);
        fixed (byte* start = bytes)
        fixed (byte* control = room)
        {
            var vector = new IoVector(start, bytes.Length);
            var message = MessageOf(&vector, control, room.Length);
            KernelResult result;
            while (IsInterrupted(
                Functions.sendmsg((int)socket.Handle, &message, Numbers.MSG_NOSIGNAL), out result)) { }
            return result;
        }
    }

    /// <summary>Receives bytes and the descriptors that come with them, close-on-exec.</summary>
    /// <param name="socket">The Unix socket.</param>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="descriptors">The descriptors, which are the caller's.</param>
    /// <param name="isTruncated">Whether there were more: too many, or more than this process may open.</param>
    /// <returns>How many bytes came.</returns>
    public KernelResult ReceiveDescriptors(
        Socket socket, Span<byte> buffer, out List<int> descriptors, out bool isTruncated)
    {
        var layout = Numbers.Ancillary;
        var room = new byte[layout.SpaceFor(DescriptorsMax)];
        fixed (byte* start = buffer)
        fixed (byte* control = room)
        {
            var vector = new IoVector(start, buffer.Length);
            var message = MessageOf(&vector, control, room.Length);
            KernelResult result;
            while (IsInterrupted(
                Functions.recvmsg((int)socket.Handle, &message, layout.MSG_CMSG_CLOEXEC), out result)) { }

            // Four bytes of length on BSD and macOS.
            var length = result.IsError ? 0 : (int)Math.Min((uint)message.msg_controllen, (uint)room.Length);
            var flags = result.IsError ? 0 : *(int*)((byte*)&message + layout.FlagsOffset);
            descriptors = layout.Decode(room.AsSpan(0, length));
            isTruncated = (flags & layout.MSG_CTRUNC) != 0;
            if (layout.MSG_CMSG_CLOEXEC == 0)
            {
                descriptors.ForEach(received => Functions.ioctl(received, Numbers.FIOCLEX));
            }

            return result;
        }
    }

    /// <summary>Whether the process at the other end is of the user that this one is of.</summary>
    public bool IsOwnUser(Socket socket) =>
        GetPeerCredentials((int)socket.Handle) is { } peer && peer.UserId == Functions.geteuid();

    private static MessageHeader MessageOf(IoVector* vector, byte* control, int controlLength) => new()
    {
        msg_iov = vector,
        msg_iovlen = 1,
        msg_control = control,
        msg_controllen = (nuint)controlLength,
    };
}
