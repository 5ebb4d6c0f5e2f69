namespace KqueueTransport.ProxyProtocol;

/// <summary>An additional value of a version 2 header (a "TLV" in the specification, section 2.2).</summary>
/// <param name="Type">
/// What it is: 0x01 ALPN, 0x02 the host name that the client asked for, 0x05 a unique id, 0x20 TLS details, 0x30 the
/// network namespace; from 0xE0 on the proxy's own.
/// </param>
/// <param name="Value">At most 65,532 bytes, as the proxy sent them.</param>
public readonly record struct ProxyProtocolValue(byte Type, ReadOnlyMemory<byte> Value)
{
    /// <summary>CRC32c of the whole header.</summary>
    internal const byte ChecksumType = 0x03;

    /// <summary>Fills up; says nothing.</summary>
    internal const byte FillerType = 0x04;
}
