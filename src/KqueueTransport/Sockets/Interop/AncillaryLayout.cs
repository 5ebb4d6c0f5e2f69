using System.Buffers.Binary;

namespace KqueueTransport.Sockets.Interop;

/// <summary>
/// How one system lays out the descriptors that go with a message on a Unix socket: one <c>struct cmsghdr</c> of the
/// type SCM_RIGHTS (cmsg(3), recvmsg(2)). Sources: sys/socket.h of XNU, FreeBSD and NetBSD, linux/socket.h.
/// </summary>
internal sealed record AncillaryLayout
{
    private const int SCM_RIGHTS = 1; // Everywhere.

    public required int SOL_SOCKET { get; init; }

    /// <summary>In the flags that recvmsg(2) gives back: descriptors were dropped.</summary>
    public required int MSG_CTRUNC { get; init; }

    /// <summary>
    /// Makes the descriptors close-on-exec as they are received; zero where only a call on each of them does.
    /// </summary>
    public int MSG_CMSG_CLOEXEC { get; init; }

    /// <summary>The width of cmsg_len, which the level and the type follow, 4 bytes each.</summary>
    public int LengthBytes { get; init; } = 4;

    /// <summary>To what CMSG_DATA and the next header are aligned.</summary>
    public int Alignment { get; init; } = 8;

    /// <summary>Where msg_flags is in <c>struct msghdr</c>.</summary>
    public int FlagsOffset { get; init; } = 44;

    public static AncillaryLayout Linux { get; } = new()
    {
        SOL_SOCKET = 1,
        MSG_CTRUNC = 8,
        MSG_CMSG_CLOEXEC = 0x4000_0000,
        LengthBytes = 8,
        FlagsOffset = 48,
    };

    public static AncillaryLayout FreeBsd { get; } = new()
    {
        SOL_SOCKET = 0xffff,
        MSG_CTRUNC = 0x20,
        MSG_CMSG_CLOEXEC = 0x4_0000,
    };

    public static AncillaryLayout NetBsd { get; } = FreeBsd with { MSG_CMSG_CLOEXEC = 0x800 };

    // __DARWIN_ALIGN32.
    public static AncillaryLayout Darwin { get; } = FreeBsd with { MSG_CMSG_CLOEXEC = 0, Alignment = 4 };

    private int HeaderBytes => Align(LengthBytes + (2 * sizeof(int)));

    /// <summary>The room for so many descriptors in one message (CMSG_SPACE).</summary>
    public int SpaceFor(int descriptors) => HeaderBytes + Align(descriptors * sizeof(int));

    /// <summary>The control data that hands descriptors over.</summary>
    public byte[] Encode(ReadOnlySpan<int> descriptors)
    {
        var control = new byte[SpaceFor(descriptors.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(control, HeaderBytes + (descriptors.Length * sizeof(int)));
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(LengthBytes), SOL_SOCKET);
        BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(LengthBytes + sizeof(int)), SCM_RIGHTS);
        for (var i = 0; i < descriptors.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(control.AsSpan(HeaderBytes + (i * sizeof(int))), descriptors[i]);
        }

        return control;
    }

    /// <summary>
    /// All descriptors in control data, which are the receiver's from then on. What is no descriptor is passed over,
    /// and so is the rest behind a header that cannot be.
    /// </summary>
    public List<int> Decode(ReadOnlySpan<byte> control)
    {
        var descriptors = new List<int>();
        while (control.Length >= HeaderBytes)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(control);
            if (length < HeaderBytes || length > control.Length)
            {
                break;
            }

            var level = BinaryPrimitives.ReadInt32LittleEndian(control[LengthBytes..]);
            var type = BinaryPrimitives.ReadInt32LittleEndian(control[(LengthBytes + sizeof(int))..]);
            if ((level, type) == (SOL_SOCKET, SCM_RIGHTS))
            {
                for (var data = control[HeaderBytes..length]; data.Length >= sizeof(int); data = data[sizeof(int)..])
                {
                    descriptors.Add(BinaryPrimitives.ReadInt32LittleEndian(data));
                }
            }

            control = control[Math.Min(Align(length), control.Length)..];
        }

        return descriptors;
    }

    private int Align(int length) => (length + Alignment - 1) & -Alignment;
}
