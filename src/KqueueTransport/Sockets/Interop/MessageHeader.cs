using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// <c>struct msghdr</c> with nothing but buffers in it. Its used fields lie at the same offsets everywhere. The count
/// is 8 bytes on Linux and 4 on BSD and macOS, where the upper half falls into padding, because all of those are
/// little-endian; the rest, which differs, is zero.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct MessageHeader
{
    [FieldOffset(16)]
    public IoVector* msg_iov;

    [FieldOffset(24)]
    public nuint msg_iovlen;
}
