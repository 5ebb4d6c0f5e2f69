using System.Runtime.InteropServices;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// <c>struct msghdr</c> with buffers and control data. Its used fields lie at the same offsets everywhere. The counts
/// are 8 bytes on Linux and 4 on BSD and macOS, where the upper half of one falls into padding and that of the other
/// into msg_flags, because all of those are little-endian; the rest, which differs, is zero.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct MessageHeader
{
    [FieldOffset(16)]
    public IoVector* msg_iov;

    [FieldOffset(24)]
    public nuint msg_iovlen;

    [FieldOffset(32)]
    public byte* msg_control;

    [FieldOffset(40)]
    public nuint msg_controllen;
}
