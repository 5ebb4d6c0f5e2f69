using System.Buffers;
using System.Net;

namespace KqueueTransport.ProxyProtocol;

/// <summary>
/// What a proxy says at the begin of a connection about the connection that it has accepted: the PROXY protocol of
/// HAProxy, https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
/// </summary>
public sealed class ProxyProtocolHeader
{
    /// <summary>Makes the header of a connection that a proxy passes on.</summary>
    /// <param name="version">How it is written.</param>
    /// <param name="source">
    /// The client: an <see cref="IPEndPoint"/> or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>. Null
    /// where the proxy does not know.
    /// </param>
    /// <param name="destination">What the client connected to, of the same kind and family.</param>
    /// <exception cref="ArgumentException">Only one of the two is given.</exception>
    public ProxyProtocolHeader(ProxyProtocolVersion version, EndPoint? source, EndPoint? destination)
    {
        if (source is null != destination is null)
        {
            throw new ArgumentException("Give both end points or neither: the protocol has no header for one.");
        }

        Version = version;
        Source = source;
        Destination = destination;
    }

    /// <summary>How it is, or was, written.</summary>
    public ProxyProtocolVersion Version { get; }

    /// <summary>
    /// Whether the connection is the proxy's own, such as a health check: then the end points are those of the
    /// connection itself. Version 2 only. Defaults to false.
    /// </summary>
    public bool IsLocal { get; init; }

    /// <summary>
    /// The client. Null where the proxy does not know, or has a protocol that is neither TCP nor a Unix socket.
    /// </summary>
    public EndPoint? Source { get; }

    /// <summary>What the client connected to; null as <see cref="Source"/>.</summary>
    public EndPoint? Destination { get; }

    /// <summary>
    /// Additional values, in the order of the header, without its checksum and fillers. Version 2 only. Defaults to
    /// none.
    /// </summary>
    public IReadOnlyList<ProxyProtocolValue> Values { get; init; } = [];

    /// <summary>Finds the first additional value of a type.</summary>
    /// <param name="type">As in <see cref="ProxyProtocolValue.Type"/>.</param>
    /// <param name="value">Its bytes.</param>
    /// <returns>False when there is none.</returns>
    public bool TryGetValue(byte type, out ReadOnlyMemory<byte> value)
    {
        foreach (var candidate in Values)
        {
            if (candidate.Type == type)
            {
                value = candidate.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>
    /// Writes the header. What a version has no way to say is left out: version 1 writes Unix sockets, and an end point
    /// whose other one is of another family, as UNKNOWN.
    /// </summary>
    /// <param name="writer">Gets the bytes.</param>
    /// <exception cref="ArgumentException">
    /// The additional values are longer than the 65,535 bytes that a header can have behind its first 16.
    /// </exception>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (Version == ProxyProtocolVersion.V1)
        {
            ProxyProtocolText.Write(this, writer);
        }
        else
        {
            ProxyProtocolBinary.Write(this, writer);
        }
    }

    /// <summary>Reads a header from the first bytes of a connection.</summary>
    /// <param name="bytes">What has come so far, at most as much as a header may have.</param>
    /// <param name="header">The header.</param>
    /// <param name="length">How many bytes it has.</param>
    internal static OperationStatus Parse(
        ReadOnlyMemory<byte> bytes, out ProxyProtocolHeader? header, out int length)
    {
        header = null;
        length = 0;
        return bytes.IsEmpty ? OperationStatus.NeedMoreData
            : bytes.Span[0] == ProxyProtocolText.Signature[0]
                ? ProxyProtocolText.Parse(bytes.Span, out header, out length)
                : ProxyProtocolBinary.Parse(bytes, out header, out length);
    }
}
