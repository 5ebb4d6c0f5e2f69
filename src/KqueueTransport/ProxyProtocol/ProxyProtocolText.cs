using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KqueueTransport.ProxyProtocol;

/// <summary>
/// Version 1: one line, <c>PROXY TCP4 192.0.2.1 192.0.2.2 56324 443</c> (specification, section 2.1).
/// </summary>
internal static class ProxyProtocolText
{
    // With the end of the line: "PROXY UNKNOWN", two IPv6 addresses and two ports at their longest.
    private const int LengthMax = 107;

    public static ReadOnlySpan<byte> Signature => "PROXY "u8;

    public static OperationStatus Parse(ReadOnlySpan<byte> bytes, out ProxyProtocolHeader? header, out int length)
    {
        header = null;
        length = 0;
        var known = Math.Min(bytes.Length, Signature.Length);
        if (!bytes[..known].SequenceEqual(Signature[..known]))
        {
            return OperationStatus.InvalidData;
        }

        var end = bytes[..Math.Min(bytes.Length, LengthMax)].IndexOf((byte)'\n');
        if (end < 0)
        {
            return bytes.Length >= LengthMax ? OperationStatus.InvalidData : OperationStatus.NeedMoreData;
        }

        length = end + 1;
        return bytes[end - 1] == '\r' && TryParseLine(bytes[Signature.Length..(end - 1)], out header)
            ? OperationStatus.Done
            : OperationStatus.InvalidData;
    }

    public static void Write(ProxyProtocolHeader header, IBufferWriter<byte> writer)
    {
        var line = header is { Source: IPEndPoint source, Destination: IPEndPoint destination } &&
            source.AddressFamily == destination.AddressFamily
            ? $"PROXY {NameOf(source.AddressFamily)} {AddressOf(source)} {AddressOf(destination)} {source.Port} " +
                $"{destination.Port}\r\n"
            : "PROXY UNKNOWN\r\n";
        Encoding.ASCII.GetBytes(line, writer);
    }

    private static bool TryParseLine(ReadOnlySpan<byte> line, out ProxyProtocolHeader? header)
    {
        header = null;
        var words = line;
        var protocol = NextWord(ref words);
        if (protocol.SequenceEqual("UNKNOWN"u8))
        {
            // What follows is to be ignored.
            header = new ProxyProtocolHeader(ProxyProtocolVersion.V1, source: null, destination: null);
            return true;
        }

        var family = protocol.SequenceEqual("TCP4"u8) ? AddressFamily.InterNetwork
            : protocol.SequenceEqual("TCP6"u8) ? AddressFamily.InterNetworkV6
            : AddressFamily.Unspecified;
        if (family == AddressFamily.Unspecified ||
            !TryParseAddress(NextWord(ref words), family, out var source) ||
            !TryParseAddress(NextWord(ref words), family, out var destination) ||
            !TryParsePort(NextWord(ref words), out var sourcePort) ||
            !TryParsePort(words, out var destinationPort))
        {
            return false;
        }

        header = new ProxyProtocolHeader(
            ProxyProtocolVersion.V1,
            new IPEndPoint(source, sourcePort),
            new IPEndPoint(destination, destinationPort));
        return true;
    }

    // Words have exactly one space between them.
    private static ReadOnlySpan<byte> NextWord(ref ReadOnlySpan<byte> words)
    {
        var space = words.IndexOf((byte)' ');
        var word = space < 0 ? words : words[..space];
        words = space < 0 ? default : words[(space + 1)..];
        return word;
    }

    // The framework also takes brackets, scopes and ports, and 127.1 or 0177.0.0.1 for an address of version 4.
    private static bool TryParseAddress(ReadOnlySpan<byte> word, AddressFamily family, out IPAddress address)
    {
        address = IPAddress.None;
        if (word.IndexOfAny((byte)'[', (byte)'%') >= 0 || !IPAddress.TryParse(word, out var parsed) ||
            parsed.AddressFamily != family ||
            (family == AddressFamily.InterNetwork && parsed.ToString() != Encoding.ASCII.GetString(word)))
        {
            return false;
        }

        address = parsed;
        return true;
    }

    private static bool TryParsePort(ReadOnlySpan<byte> word, out ushort port) =>
        Utf8Parser.TryParse(word, out port, out var used) && used == word.Length &&
        (word[0] != '0' || word.Length == 1);

    private static string NameOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "TCP4" : "TCP6";

    // Without the scope, which means nothing on another machine.
    private static string AddressOf(IPEndPoint endPoint) =>
        endPoint.AddressFamily == AddressFamily.InterNetwork
            ? endPoint.Address.ToString()
            : new IPAddress(endPoint.Address.GetAddressBytes()).ToString();
}
