namespace KqueueTransport.ProxyProtocol;

/// <summary>A version of the PROXY protocol.</summary>
public enum ProxyProtocolVersion
{
    /// <summary>A line of text: TCP over IPv4 or IPv6, and nothing else.</summary>
    V1 = 1,

    /// <summary>A binary header: also Unix sockets, and additional values.</summary>
    V2 = 2,
}
