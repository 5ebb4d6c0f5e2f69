using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KqueueTransport.ProxyProtocol;

namespace KqueueTransport.Tests.ProxyProtocol;

/// <summary>Headers of the PROXY protocol as bytes.</summary>
public sealed class HeaderTests
{
    private static readonly byte[] s_signature =
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    [Theory]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "192.0.2.1:56324", "198.51.100.7:443")]
    [InlineData("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535",
        "255.255.255.255:65535")]
    [InlineData("PROXY TCP6 2001:db8::1 ::1 1 0\r\n", "[2001:db8::1]:1", "[::1]:0")]
    [InlineData("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "[::ffff:192.0.2.1]:1", "[::1]:2")]
    public void Parse_TextWithAddresses_NamesThem(string line, string source, string destination)
    {
        var header = ParseWhole(Encoding.ASCII.GetBytes(line));

        Assert.Equal(ProxyProtocolVersion.V1, header.Version);
        Assert.Equal(IPEndPoint.Parse(source), header.Source);
        Assert.Equal(IPEndPoint.Parse(destination), header.Destination);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("PROXY UNKNOWN ffff:f:f::1 whatever 1 2\r\n")]
    public void Parse_TextThatDoesNotKnow_HasNoAddresses(string line)
    {
        var header = ParseWhole(Encoding.ASCII.GetBytes(line));

        Assert.Null(header.Source);
        Assert.Null(header.Destination);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("PROXX")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n")]
    [InlineData("PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 056 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.01 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 192.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP4 ::1 ::1 1 443\r\n")]
    [InlineData("PROXY TCP6 192.0.2.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY TCP6 [::1]:80 ::1 1 443\r\n")]
    [InlineData("PROXY TCP6 fe80::1%lo ::1 1 443\r\n")]
    [InlineData("PROXY TCP6 ::1/64 ::1 1 443\r\n")]
    [InlineData("PROXY TCP6 0x1::1 ::1 1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 +1 443\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.7 1 \r\n")]
    [InlineData("PROXY UDP4 192.0.2.1 198.51.100.7 1 443\r\n")]
    [InlineData("PROXY \r\n")]
    public void Parse_OtherText_IsMalformed(string line) =>
        Assert.Equal(OperationStatus.InvalidData, Parse(Encoding.ASCII.GetBytes(line)));

    [Fact]
    public void Parse_TextOf107Bytes_IsTheLongest()
    {
        var longest = Encoding.ASCII.GetBytes($"PROXY UNKNOWN {new string('x', 91)}\r\n");
        var longer = Encoding.ASCII.GetBytes($"PROXY UNKNOWN {new string('x', 92)}\r\n");

        Assert.Equal(107, longest.Length);
        Assert.Equal(OperationStatus.Done, Parse(longest));
        Assert.Equal(OperationStatus.InvalidData, Parse(longer));
    }

    [Fact]
    public void Parse_BinaryOverIPv4_NamesAddressesAndValues()
    {
        var header = ParseWhole(Binary(0x21, 0x11,
        [
            192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB,
            0x02, 0, 3, (byte)'a', (byte)'.', (byte)'b',
            0x04, 0, 2, 0, 0,
            0xE0, 0, 0,
        ]));

        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 56324), header.Source);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("198.51.100.7"), 443), header.Destination);
        Assert.True(header.TryGetValue(0x02, out var authority));
        Assert.Equal("a.b", Encoding.ASCII.GetString(authority.Span));
        Assert.Equal([0x02, 0xE0], header.Values.Select(value => value.Type));
        Assert.False(header.IsLocal);
    }

    [Fact]
    public void Parse_BinaryOfTheProxyItself_IsLocalWithoutAddresses()
    {
        var header = ParseWhole(Binary(0x20, 0x11, [192, 0, 2, 1, 198, 51, 100, 7, 0, 1, 0, 2]));

        Assert.True(header.IsLocal);
        Assert.Null(header.Source);
    }

    // "The receiver must accept this connection as valid ... and discard the protocol block including the family"
    // (specification, section 2.2).
    [Theory]
    [InlineData(0x00, "01")]
    [InlineData(0x11, "7F0000")]
    [InlineData(0x41, "0102030405")]
    [InlineData(0xFF, "")]
    [InlineData(0x00, "03000400000000")] // A wrong checksum.
    public void Parse_BinaryOfTheProxyItselfWithAnyRest_IsLocal(byte family, string rest)
    {
        var header = ParseWhole(Binary(0x20, family, Convert.FromHexString(rest)));

        Assert.True(header.IsLocal);
        Assert.Null(header.Source);
        Assert.Empty(header.Values);
    }

    [Theory]
    [InlineData(0x12)] // datagrams over IPv4
    [InlineData(0x32)]
    [InlineData(0x20)] // IPv6, transport unspecified
    public void Parse_BinaryOfAFamilyThatIsNotServed_IsSkipped(byte family)
    {
        var header = ParseWhole(Binary(0x21, family, new byte[300]));

        Assert.Null(header.Source);
        Assert.Empty(header.Values);
    }

    public static TheoryData<string, byte[]> MalformedBinaries => new()
    {
        { "another version", Binary(0x11, 0x11, new byte[12]) },
        { "another command", Binary(0x22, 0x11, new byte[12]) },
        { "another family", Binary(0x21, 0x41, new byte[12]) },
        { "another transport", Binary(0x21, 0x13, new byte[12]) },
        { "shorter than its addresses", Binary(0x21, 0x11, new byte[11]) },
        { "a value without its length", Binary(0x21, 0x11, [.. new byte[12], 0xE0, 0]) },
        { "a value longer than the header", Binary(0x21, 0x11, [.. new byte[12], 0xE0, 0, 2, 1]) },
        { "a checksum of three bytes", Binary(0x21, 0x11, [.. new byte[12], 0x03, 0, 3, 0, 0, 0]) },
        { "a wrong checksum", Binary(0x21, 0x11, [.. new byte[12], 0x03, 0, 4, 0, 0, 0, 0]) },
        { "the signature with one bit wrong", [.. s_signature[..11], 0x0B] },
    };

    [Theory]
    [MemberData(nameof(MalformedBinaries))]
    public void Parse_BinaryThatIs_IsMalformed(string what, byte[] bytes)
    {
        Assert.NotEmpty(what);
        Assert.Equal(OperationStatus.InvalidData, Parse(bytes));
    }

    // The checksum of these bytes by crc32c of another implementation (RFC 3720, appendix B.4, has its polynomial).
    [Fact]
    public void Parse_BinaryWithItsChecksum_IsComplete()
    {
        var bytes = Binary(0x21, 0x11, [127, 0, 0, 1, 127, 0, 0, 1, 0, 1, 0, 2, 0x03, 0, 4, 0, 0, 0, 0]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(^4), Crc32COf(bytes));

        var header = ParseWhole(bytes);

        Assert.Empty(header.Values);
        bytes[^9] ^= 1;
        Assert.Equal(OperationStatus.InvalidData, Parse(bytes));
    }

    [Fact]
    public void Parse_AnyHeaderInPieces_IsIncompleteUntilItsLastByte()
    {
        foreach (var header in SomeHeaders())
        {
            byte[] bytes = [.. Write(header), .. "GET"u8];
            for (var count = 0; count < bytes.Length - 3; count++)
            {
                Assert.Equal(OperationStatus.NeedMoreData, Parse(bytes[..count]));
            }

            Assert.Equal(
                OperationStatus.Done, ProxyProtocolHeader.Parse(bytes, out _, out var length));
            Assert.Equal(bytes.Length - 3, length);
        }
    }

    [Fact]
    public void WriteTo_ThenParse_GivesTheSame()
    {
        foreach (var header in SomeHeaders())
        {
            var parsed = ParseWhole(Write(header));

            Assert.Equal(header.Version, parsed.Version);
            Assert.Equal(header.IsLocal, parsed.IsLocal);
            Assert.Equal(header.Source?.ToString(), parsed.Source?.ToString());
            Assert.Equal(header.Destination?.ToString(), parsed.Destination?.ToString());
            Assert.Equal(
                header.Values.Select(value => (value.Type, Convert.ToHexString(value.Value.Span))),
                parsed.Values.Select(value => (value.Type, Convert.ToHexString(value.Value.Span))));
        }
    }

    [Fact]
    public void WriteTo_EndPointsOfTwoFamilies_AreUnknown()
    {
        var header = new ProxyProtocolHeader(
            ProxyProtocolVersion.V1, new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.IPv6Loopback, 2));

        Assert.Equal("PROXY UNKNOWN\r\n", Encoding.ASCII.GetString(Write(header)));
    }

    // An abstract name may be any bytes; as text these would be three times as many.
    [Fact]
    public void WriteTo_UnixNameThatIsNoText_IsWrittenAsItIs()
    {
        byte[] name = [0, .. Enumerable.Repeat((byte)0xFF, 100)];
        var address = new SocketAddress(AddressFamily.Unix, 2 + name.Length);
        name.CopyTo(address.Buffer.Span[2..]);
        var peer = new UnixDomainSocketEndPoint("/a").Create(address);

        var bytes = Write(new ProxyProtocolHeader(
            ProxyProtocolVersion.V2, peer, new UnixDomainSocketEndPoint("/run/app.sock")));

        Assert.Equal([.. name, .. new byte[7]], bytes[16..(16 + 108)]);
    }

    [Fact]
    public void WriteTo_ValuesThatDoNotFit_Throws()
    {
        var header = new ProxyProtocolHeader(ProxyProtocolVersion.V2, null, null)
        {
            Values = [new ProxyProtocolValue(0xE0, new byte[65_000]), new ProxyProtocolValue(0xE1, new byte[600])],
        };

        Assert.Throws<ArgumentException>(() => Write(header));
    }

    [Fact]
    public void Constructor_OneEndPoint_Throws() => Assert.Throws<ArgumentException>(
        () => new ProxyProtocolHeader(ProxyProtocolVersion.V2, new IPEndPoint(IPAddress.Loopback, 1), null));

    // Headers with bytes changed, cut out and put in: what comes is one of three answers, never an exception, and a
    // header is never longer than what there is.
    [Fact]
    public void Parse_AnyBytes_NeverThrows()
    {
        var mutated =
            from header in Gen.Elements(SomeHeaders().Select(Write).ToArray())
            from changes in Gen.Choose(0, 20).SelectMany(
                count => Gen.Choose(0, 255).Two().ListOf(count))
            from cut in Gen.Choose(0, header.Length)
            select Mutate(header, changes, cut);
        var random = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Select(
            bytes => (byte[])[.. s_signature, 0x21, .. bytes]);
        var config = Config.QuickThrowOnFailure.WithMaxTest(20_000).WithStartSize(1).WithEndSize(400);

        Check.One(config, Prop.ForAll(Arb.From(Gen.OneOf(mutated, random)), bytes =>
        {
            var parsed = ProxyProtocolHeader.Parse(bytes, out var header, out var length);
            Assert.Equal(parsed == OperationStatus.Done, header is not null);
            Assert.True(parsed != OperationStatus.Done || length <= bytes.Length);
        }));
    }

    private static byte[] Mutate(byte[] header, IEnumerable<(int Place, int Value)> changes, int cut)
    {
        var bytes = header.ToArray();
        foreach (var (place, value) in changes)
        {
            bytes[place % bytes.Length] = (byte)value;
        }

        return bytes[..cut];
    }

    private static IEnumerable<ProxyProtocolHeader> SomeHeaders()
    {
        var v4 = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 56324);
        var v6 = new IPEndPoint(IPAddress.Parse("2001:db8::2"), 443);
        var unix = new UnixDomainSocketEndPoint("/run/app.sock");
        var abstractUnix = new UnixDomainSocketEndPoint("\0app");
        yield return new(ProxyProtocolVersion.V1, v4, v4);
        yield return new(ProxyProtocolVersion.V1, v6, v6);
        yield return new(ProxyProtocolVersion.V1, null, null);
        yield return new(ProxyProtocolVersion.V2, v4, v4);
        yield return new(ProxyProtocolVersion.V2, v6, v6) { Values = [new(0xE0, new byte[300]), new(0x05, default)] };
        yield return new(ProxyProtocolVersion.V2, unix, abstractUnix);
        yield return new(ProxyProtocolVersion.V2, new UnixDomainSocketEndPoint(new string('a', 107)), unix);
        yield return new(ProxyProtocolVersion.V2, null, null);
        yield return new(ProxyProtocolVersion.V2, null, null)
        {
            IsLocal = true,
            Values = [new(0x02, "a.b"u8.ToArray())],
        };
    }

    private static byte[] Write(ProxyProtocolHeader header)
    {
        var writer = new ArrayBufferWriter<byte>();
        header.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }

    private static byte[] Binary(byte versionAndCommand, byte family, byte[] rest)
    {
        byte[] bytes = [.. s_signature, versionAndCommand, family, 0, 0, .. rest];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(14), (ushort)rest.Length);
        return bytes;
    }

    // Bit by bit, with the reversed polynomial 0x82F63B78.
    private static uint Crc32COf(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        return ~crc;
    }

    private static OperationStatus Parse(byte[] bytes) => ProxyProtocolHeader.Parse(bytes, out _, out _);

    private static ProxyProtocolHeader ParseWhole(byte[] bytes)
    {
        Assert.Equal(OperationStatus.Done, ProxyProtocolHeader.Parse(bytes, out var header, out var length));
        Assert.Equal(bytes.Length, length);
        return header!;
    }
}
