using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace KqueueTransport.ProxyProtocol;

/// <summary>
/// Version 2: 12 bytes of signature, version and command, family and transport, the length of the rest, the addresses,
/// the additional values (specification, section 2.2).
/// </summary>
internal static class ProxyProtocolBinary
{
    /// <summary>The bytes before those that the length counts.</summary>
    public const int FixedLength = 16;

    private const byte VersionAndLocal = 0x20;
    private const byte VersionAndProxy = 0x21;
    private const byte Unspecified = 0x00;
    private const byte TcpOverIPv4 = 0x11;
    private const byte TcpOverIPv6 = 0x21;
    private const byte UnixStream = 0x31;

    // In struct sockaddr_un of every system.
    private const int PathOffset = 2;

    private const int ChecksumLength = 4;

    private const int ValueHeadLength = sizeof(byte) + sizeof(ushort);

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public static OperationStatus Parse(ReadOnlyMemory<byte> bytes, out ProxyProtocolHeader? header, out int length)
    {
        (header, length) = (null, 0);
        var span = bytes.Span;
        var known = Math.Min(span.Length, Signature.Length);
        if (!span[..known].SequenceEqual(Signature[..known]) ||
            (span.Length > Signature.Length && span[Signature.Length] is not (VersionAndLocal or VersionAndProxy)))
        {
            return OperationStatus.InvalidData;
        }

        if (span.Length < FixedLength)
        {
            return OperationStatus.NeedMoreData;
        }

        length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(span[14..]);
        return span.Length < length ? OperationStatus.NeedMoreData
            : TryParseWhole(bytes[..length], out header) ? OperationStatus.Done
            : OperationStatus.InvalidData;
    }

    public static void Write(ProxyProtocolHeader header, IBufferWriter<byte> writer)
    {
        var family = header.IsLocal ? Unspecified : FamilyOf(header.Source, header.Destination);
        var addresses = LengthOf(family);
        var length = addresses + header.Values.Sum(value => ValueHeadLength + value.Value.Length);
        if (length > ushort.MaxValue)
        {
            throw new ArgumentException(
                $"The additional values make a header of {length} bytes behind its first {FixedLength}, and there " +
                $"may be {ushort.MaxValue}. Leave some out.", nameof(header));
        }

        var span = writer.GetSpan(FixedLength + length);
        Signature.CopyTo(span);
        span[12] = header.IsLocal ? VersionAndLocal : VersionAndProxy;
        span[13] = family;
        BinaryPrimitives.WriteUInt16BigEndian(span[14..], (ushort)length);
        WriteEndPoint(family, header.Source, span[FixedLength..], index: 0);
        WriteEndPoint(family, header.Destination, span[FixedLength..], index: 1);
        var rest = span[(FixedLength + addresses)..];
        foreach (var (type, value) in header.Values)
        {
            rest[0] = type;
            BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)value.Length);
            value.Span.CopyTo(rest[ValueHeadLength..]);
            rest = rest[(ValueHeadLength + value.Length)..];
        }

        writer.Advance(FixedLength + length);
    }

    private static bool TryParseWhole(ReadOnlyMemory<byte> bytes, out ProxyProtocolHeader? header)
    {
        header = null;
        var isLocal = bytes.Span[12] == VersionAndLocal;
        var family = bytes.Span[13];
        var addresses = LengthOf(family);

        // The rest of a family that is not known has to be skipped: nor is it known where its values begin.
        var isSkipped = addresses == 0 && family != Unspecified;
        List<ProxyProtocolValue> values = [];
        var isRight = IsDefined(family) && bytes.Length >= FixedLength + addresses &&
            (isSkipped || TryParseValues(bytes, FixedLength + addresses, values));
        if (!isRight && !isLocal)
        {
            return false;
        }

        var source = isLocal ? null : ReadEndPoint(family, bytes.Span[FixedLength..], index: 0);
        var destination = isLocal ? null : ReadEndPoint(family, bytes.Span[FixedLength..], index: 1);
        header = new ProxyProtocolHeader(ProxyProtocolVersion.V2, source, destination)
        {
            IsLocal = isLocal,
            // What the proxy says of itself is to be accepted whatever it says.
            Values = isRight ? values : [],
        };
        return true;
    }

    private static bool TryParseValues(ReadOnlyMemory<byte> bytes, int start, List<ProxyProtocolValue> values)
    {
        int length;
        for (var rest = bytes[start..]; !rest.IsEmpty; rest = rest[(ValueHeadLength + length)..])
        {
            if (rest.Length < ValueHeadLength)
            {
                return false;
            }

            var type = rest.Span[0];
            length = BinaryPrimitives.ReadUInt16BigEndian(rest.Span[1..]);
            var place = bytes.Length - rest.Length + ValueHeadLength;
            if (length > bytes.Length - place || (type == ProxyProtocolValue.ChecksumType &&
                (length != ChecksumLength || !IsChecksumRight(bytes.Span, place))))
            {
                return false;
            }

            if (type is not (ProxyProtocolValue.ChecksumType or ProxyProtocolValue.FillerType))
            {
                // A copy: the caller's bytes go back to their pool.
                values.Add(new ProxyProtocolValue(type, rest.Slice(ValueHeadLength, length).ToArray()));
            }
        }

        return true;
    }

    // CRC32c of the whole header with zeros in the place of the checksum.
    private static bool IsChecksumRight(ReadOnlySpan<byte> header, int place)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
        {
            var isPlace = i >= place && i < place + ChecksumLength;
            crc = BitOperations.Crc32C(crc, isPlace ? (byte)0 : header[i]);
        }

        return ~crc == BinaryPrimitives.ReadUInt32BigEndian(header[place..]);
    }

    // The upper half is the family, AF_UNSPEC to AF_UNIX, the lower the transport, unspecified to datagrams.
    private static bool IsDefined(byte family) => family >> 4 <= 3 && (family & 0xF) <= 2;

    private static int AddressLengthOf(byte family) => family switch
    {
        TcpOverIPv4 => 4,
        TcpOverIPv6 => 16,
        UnixStream => 108,
        _ => 0,
    };

    // Both addresses come first, and then both ports.
    private static int LengthOf(byte family) =>
        PortAt(AddressLengthOf(family), family is TcpOverIPv4 or TcpOverIPv6 ? 2 : 0);

    private static byte FamilyOf(EndPoint? source, EndPoint? destination) => (source, destination) switch
    {
        (IPEndPoint from, IPEndPoint to) when from.AddressFamily == to.AddressFamily =>
            from.AddressFamily == AddressFamily.InterNetwork ? TcpOverIPv4 : TcpOverIPv6,
        (UnixDomainSocketEndPoint, UnixDomainSocketEndPoint) => UnixStream,
        _ => Unspecified,
    };

    private static EndPoint? ReadEndPoint(byte family, ReadOnlySpan<byte> bytes, int index)
    {
        var length = AddressLengthOf(family);
        var field = bytes.Slice(index * length, length);
        return field.IsEmpty ? null
            : family == UnixStream ? ReadPath(field)
            : new IPEndPoint(
                new IPAddress(field), BinaryPrimitives.ReadUInt16BigEndian(bytes[PortAt(length, index)..]));
    }

    private static int PortAt(int length, int index) => (2 * length) + (index * sizeof(ushort));

    // Ends with a zero, or fills its field; a name that begins with a zero is an abstract one.
    private static EndPoint ReadPath(ReadOnlySpan<byte> field)
    {
        var end = field[1..].IndexOf((byte)0);
        var path = end < 0 ? field : field[..(end + 1)];
        try
        {
            return path is [0] || !Utf8.IsValid(path)
                ? new ForeignName(path)
                : new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(path));
        }
        catch (ArgumentOutOfRangeException)
        {
            // Linux has longer names than macOS.
            return new ForeignName(path);
        }
    }

    private static void WriteEndPoint(byte family, EndPoint? endPoint, Span<byte> bytes, int index)
    {
        var length = AddressLengthOf(family);
        var field = bytes.Slice(index * length, length);
        if (family == UnixStream)
        {
            WritePath((UnixDomainSocketEndPoint)endPoint!, field);
        }
        else if (endPoint is IPEndPoint ip && !field.IsEmpty)
        {
            ip.Address.TryWriteBytes(field, out _);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[PortAt(length, index)..], (ushort)ip.Port);
        }
    }

    private static void WritePath(UnixDomainSocketEndPoint endPoint, Span<byte> field)
    {
        // As the kernel has it: a name need not be text.
        var address = endPoint.Serialize();
        var path = address.Buffer.Span[PathOffset..address.Size];
        path.CopyTo(field);
        field[path.Length..].Clear();
    }

    /// <summary>
    /// The name of a Unix socket for which the framework has no end point: none, as a client's socket has as a rule,
    /// one that is not text, or one that is too long for this system.
    /// </summary>
    private sealed class ForeignName(ReadOnlySpan<byte> path) : EndPoint
    {
        private readonly string _name = Encoding.Latin1.GetString(path.TrimEnd((byte)0));

        public override AddressFamily AddressFamily => AddressFamily.Unix;

        public override string ToString() => _name;
    }
}
