using System.Buffers.Binary;

namespace FileSwarm.Wire;

/// <summary>
/// Messages as bytes, the same on a stream and in a datagram: 'S', version, kind, 0, and then index, argument and
/// payload length as big-endian 32-bit numbers, and the payload. Pure functions.
/// </summary>
internal static class MessageCodec
{
    public const int HeaderBytes = 16;

    private const byte Magic = (byte)'S';
    private const byte Version = 1;

    /// <summary>A whole message: header and payload.</summary>
    public static byte[] Frame(MessageHeader header, ReadOnlySpan<byte> payload = default)
    {
        var frame = new byte[HeaderBytes + payload.Length];
        WriteHeader(frame, header with { PayloadLength = payload.Length });
        payload.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    public static void WriteHeader(Span<byte> frame, MessageHeader header)
    {
        frame[0] = Magic;
        frame[1] = Version;
        frame[2] = (byte)header.Kind;
        frame[3] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[4..], header.Index);
        BinaryPrimitives.WriteInt32BigEndian(frame[8..], header.Argument);
        BinaryPrimitives.WriteInt32BigEndian(frame[12..], header.PayloadLength);
    }

    /// <summary>Reads the header of bytes that begin a message.</summary>
    /// <param name="bytes">At least <see cref="HeaderBytes"/>, or it is an error.</param>
    /// <param name="payloadBytesMax">What the receiver puts up with.</param>
    /// <param name="header">The header, if there is no error.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadHeader(ReadOnlySpan<byte> bytes, int payloadBytesMax, out MessageHeader header)
    {
        header = default;
        if (bytes.Length < HeaderBytes)
        {
            return $"a message that is cut short in its header: {bytes.Length} bytes";
        }

        if (bytes[0] != Magic || bytes[1] != Version)
        {
            return "something that is no message of this program and version";
        }

        header = new MessageHeader(
            (MessageKind)bytes[2],
            BinaryPrimitives.ReadInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32BigEndian(bytes[12..]));
        return CheckHeader(header, payloadBytesMax);
    }

    /// <summary>Reads a datagram, which is one whole message and nothing else.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadDatagram(ReadOnlySpan<byte> bytes, int payloadBytesMax, out MessageHeader header)
    {
        var error = ReadHeader(bytes, payloadBytesMax, out header);
        var length = HeaderBytes + header.PayloadLength;
        return error is not null || bytes.Length == length ? error
            : bytes.Length < length ? $"a datagram that is cut short: {bytes.Length} of {length} bytes"
            : $"a datagram that is too long: {bytes.Length} bytes instead of {length}";
    }

    /// <summary>The kind of a whole message of our own.</summary>
    public static MessageKind KindOf(ReadOnlyMemory<byte> frame) => (MessageKind)frame.Span[2];

    /// <summary>The payload of a whole message.</summary>
    public static ReadOnlySpan<byte> PayloadOf(ReadOnlyMemory<byte> frame) => frame.Span[HeaderBytes..];

    private static string? CheckHeader(MessageHeader header, int payloadBytesMax)
    {
        if (!Enum.IsDefined(header.Kind))
        {
            return $"a message of the unknown kind {(byte)header.Kind}";
        }

        var max = header.Kind switch
        {
            MessageKind.Chunk => payloadBytesMax,
            MessageKind.Welcome => SwarmInfo.Bytes,
            _ => 0,
        };
        return header.PayloadLength >= 0 && header.PayloadLength <= max
            ? null
            : $"a {header.Kind} message with a payload of {header.PayloadLength} bytes; at most {max} are allowed";
    }
}
